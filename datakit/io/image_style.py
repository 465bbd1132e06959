"""What a mixture wants of its images: how they are checked, and what they become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Check = Literal["none", "header", "decode"]
ImageMode = Literal["copy", "jpeg", "webp"]
Orientation = Literal["keep", "apply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStyle:
    """How images are checked and written.

    Attributes:
        mode: `copy` leaves bytes alone where nothing else asks for other pixels.
        max_side_px: of the longer side; larger images are shrunk.
        quality: of JPEG and lossy WebP, 1 to 100.
        orientation: `apply` turns pixels upright as EXIF says; what is encoded anew always is.
    """

    mode: ImageMode = "copy"
    check: Check = "header"
    max_side_px: int | None = None
    quality: int = 90
    orientation: Orientation = "keep"

    @property
    def rewrites(self) -> bool:
        """Whether it may encode images anew, so that the codec decides bytes."""
        is_turned = self.orientation != "keep"
        return self.mode != "copy" or self.max_side_px is not None or is_turned

    @property
    def decodes(self) -> bool:
        """Whether pixels are decoded, which takes far longer than all else."""
        return self.rewrites or self.check == "decode"
