"""Animated GIF, written a frame at a time: Pillow's own writer holds all frames until the last.

A file is a head with one palette for all, an extension for loops without end, and for each frame a control
block (how long it stands) and a picture that covers a part (GIF89a specification, sections 18 to 27).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

COLOURS = 256
MOST_FPS = 50.0  # browsers show a frame of less than two hundredths of a second for ten
STAYS = 1 << 2  # what a frame does not cover is left as it is
LOOPS = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"


class GifWriter:
    """A file of frames of one size in one palette.

    file: open for writing; fps: frames a second, MOST_FPS at most. The format counts hundredths of a second,
        so at 12 some frames stand 80 ms and some 90, and the movie is as long as it should be
    colours: (n, 3) of 0 to 255, what frames are shown in, 256 at most
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], fps: float, colours: np.ndarray):
        from PIL import Image

        table = np.zeros((COLOURS, 3), np.uint8)
        table[: len(colours)] = colours[:COLOURS]
        table[len(colours) :] = table[0]
        self._file, self._each, self._frames = file, 100.0 / fps, 0
        self._palette = Image.new("P", (1, 1))
        self._palette.putpalette(table.ravel().tolist())
        file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, 0, 0) + table.tobytes() + LOOPS)

    def add(self, frame: Image, left: int, top: int) -> None:
        """Put a picture on the canvas; what it does not cover stays."""
        from PIL import GifImagePlugin, Image

        shown = frame.convert("RGB").quantize(palette=self._palette, dither=Image.Dither.NONE)
        began, self._frames = round(self._frames * self._each), self._frames + 1
        stands = round(self._frames * self._each) - began
        self._file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", STAYS, stands, 0, 0))
        for block in GifImagePlugin.getdata(shown, (left, top)):
            self._file.write(block)

    def close(self) -> None:
        """Write the end."""
        self._file.write(b";")
