"""What a comparison of two builds or plans finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datakit.inspect.diff_sides import Side
from datakit.inspect.diff_text import ChangedText


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A key of the resolved mixtures that differs; None where a side has no such key."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMove:
    """Records whose fate differs: `used`, `rejected`, `not drawn`, or `absent` from a side."""

    before: str
    after: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDifference:
    """One source on both sides; None is what the two sides do not tell.

    Attributes:
        samples_before, samples_after: repeats among them.
        share_before, share_after: of all samples of a side, from 0 to 1.
        kept_samples, added_samples, removed_samples: by key.
        moved_split_samples: kept samples that are in another split.
        changed_text_samples: kept samples whose conversation differs.
        changed_image_samples: kept samples whose images have other bytes.
        counts_before, counts_after: records, and what became of them.
    """

    name: str
    samples_before: int
    samples_after: int
    share_before: float
    share_after: float
    kept_samples: int | None
    added_samples: int | None
    removed_samples: int | None
    moved_split_samples: int | None
    changed_text_samples: int | None
    changed_image_samples: int | None
    counts_before: dict[str, int]
    counts_after: dict[str, int]
    moved_records: tuple[RecordMove, ...] | None

    @property
    def differs(self) -> bool:
        """Whether anything of this source differs."""
        changed = (
            self.added_samples,
            self.removed_samples,
            self.moved_split_samples,
            self.changed_text_samples,
            self.changed_image_samples,
            self.moved_records,
        )
        counts = self.samples_before, self.counts_before
        return any(changed) or counts != (self.samples_after, self.counts_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDifference:
    """Turns that one template phrased, where their number differs."""

    template: str
    turns_before: int
    turns_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two sides.

    Attributes:
        identical: whether both are certainly the same: by their fingerprints, and of two builds by
            the digests of their shards, too.
        sources: all of both sides, those that are alike among them.
        templates: None where a side does not tell which were used.
        texts: the first few of the changed ones.
        untold: what could not be compared, and why.
    """

    before: Side
    after: Side
    identical: bool
    settings: tuple[ChangedSetting, ...]
    sources: tuple[SourceDifference, ...]
    templates: tuple[TemplateDifference, ...] | None
    texts: tuple[ChangedText, ...]
    untold: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything at all differs."""
        if self.identical:
            return False
        if self.before.fingerprint and self.after.fingerprint and not self._both_builds:
            return True
        return bool(self.settings or self.templates or any(s.differs for s in self.sources))

    @property
    def _both_builds(self) -> bool:
        return self.before.kind == self.after.kind == "build"
