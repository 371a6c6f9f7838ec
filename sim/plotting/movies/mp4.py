"""MP4 (H.264), by the ffmpeg that comes with imageio-ffmpeg, the extra `movie`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sim.errors import ConfigError, not_installed

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 7  # of 10


class Mp4Writer:
    """A file of frames of one even size, which ffmpeg is handed one by one. fps: frames a second"""

    def __init__(self, path: Path, size: tuple[int, int], fps: float):
        self._to_ffmpeg = ffmpeg().write_frames(
            str(path), size, fps=fps, codec="libx264", quality=QUALITY, macro_block_size=2,
            ffmpeg_log_level="error", output_params=["-movflags", "+faststart"],
        )  # fmt: skip
        self._to_ffmpeg.send(None)

    def add(self, frame: Image) -> None:
        """The next picture, whole."""
        self._to_ffmpeg.send(frame.tobytes())

    def close(self) -> None:
        """Wait for ffmpeg."""
        self._to_ffmpeg.close()


def ffmpeg() -> ModuleType:
    """The package imageio_ffmpeg, or a sentence on how to get it."""
    try:
        import imageio_ffmpeg
    except ImportError as e:
        raise ConfigError(
            not_installed(
                "a movie in .mp4 needs",
                "imageio-ffmpeg",
                without="One in .webp or .gif needs nothing more.",
            )
        ) from e
    return imageio_ffmpeg
