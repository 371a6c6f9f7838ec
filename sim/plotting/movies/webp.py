"""Animated WebP, written a frame at a time: Pillow's own writer holds all frames until the last.

A file is a RIFF container: VP8X (size of the canvas), ANIM (loops), and an ANMF for each frame, which holds
the bitstream of a still picture (developers.google.com/speed/webp/docs/riff_container).
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATED, REPLACE = 0x02, 0x02  # flags: of the file; of a frame that is not blended with what is below
EVER = 0  # loops without end


class WebpWriter:
    """A file of frames of one size. file: open for writing and seeking; duration: of a frame [ms]"""

    def __init__(self, file: BinaryIO, size: tuple[int, int], duration: int):
        self._file, self._duration = file, duration
        file.write(b"RIFF\0\0\0\0WEBP")
        self._chunk(b"VP8X", struct.pack("<I", ANIMATED) + _three(size[0] - 1) + _three(size[1] - 1))
        self._chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, EVER))

    def add(self, frame: Image, left: int, top: int) -> None:
        """Put a picture on the canvas, its corner at an even place; what it does not cover stays."""
        if left % 2 or top % 2:
            raise ValueError("corners of frames are at even places in this format")
        still = io.BytesIO()
        frame.save(still, "WEBP", lossless=True, quality=60, method=2)
        head = b"".join(map(_three, (left // 2, top // 2, frame.width - 1, frame.height - 1, self._duration)))
        self._chunk(b"ANMF", head + bytes([REPLACE]) + _bitstream(still.getvalue()))

    def close(self) -> None:
        """Write what is known at the end: the length."""
        length = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", length - 8))

    def _chunk(self, kind: bytes, content: bytes) -> None:
        self._file.write(kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2))


def _three(number: int) -> bytes:
    """A number in three bytes."""
    return struct.pack("<I", number)[:3]


def _bitstream(still: bytes) -> bytes:
    """The chunks of a still picture that hold it, with their heads."""
    found, at = b"", 12
    while at + 8 <= len(still):
        kind, length = still[at : at + 4], struct.unpack("<I", still[at + 4 : at + 8])[0]
        end = at + 8 + length + length % 2
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            found += still[at:end]
        at = end
    return found
