"""A sample with its images, as it is read from a build."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from datakit.inspect.display import sample_html
from datakit.record import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSample(Sample):
    """A sample and the bytes of its images, in the order of the placeholders.

    In a notebook it shows itself: images, turns and provenance.
    """

    image_bytes: tuple[bytes, ...] = field(repr=False)

    def open_images(self) -> list[Image.Image]:
        """The images, opened by Pillow and not yet decoded."""
        return [Image.open(BytesIO(data)) for data in self.image_bytes]

    def _repr_html_(self) -> str:
        return sample_html(self, self.image_bytes)
