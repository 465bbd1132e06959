"""The base of all targets: samples in, the files of one format out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from datakit.inspect import BuiltDataset, LoadedSample


class Target(ABC):
    """Writes the samples of one build in one format.

    A subclass stands alone in `targets/<name>.py`, which is how it is found, and implements
    `write`. Its docstring shows one row, and says what becomes of what the format cannot hold.

    Attributes:
        rules: what is changed or left out, by the name that it is counted under, and why.
        counts: how often each rule was applied.
        image_files: how many files of one image each were written.
    """

    rules: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, data: BuiltDataset) -> None:
        self.folder = folder
        self.data = data
        self.counts: Counter[str] = Counter()
        self.image_files = 0

    @abstractmethod
    def write(self, split: str, samples: Iterable[LoadedSample]) -> None:
        """Writes all samples of a split."""

    def describe(self, splits: Sequence[str]) -> dict[str, bytes]:  # noqa: ARG002
        """Files by name that tell a reader what was written."""
        return {}
