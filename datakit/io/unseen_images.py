"""Images that nobody looks for, so that a plan can be made before they are at hand."""

from __future__ import annotations

from collections.abc import Sequence

from datakit.io.image_files import ImageFiles
from datakit.io.trees import SourcePath


class UnseenImages(ImageFiles):
    """In place of a source's images: each is there, has no bytes, and is one with its own name."""

    def __reduce__(self) -> tuple[type[ImageFiles], tuple[SourcePath, SourcePath]]:
        return UnseenImages, (self.root, self.tables)

    def size(self, name: str) -> int | None:  # noqa: ARG002
        """0: what it would be is not looked up."""
        return 0

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        """As `size`."""
        return [0] * len(names)

    def read(self, name: str) -> bytes:
        """Its identity, so that images compare as different wherever their files are."""
        return self.identity(name).encode()
