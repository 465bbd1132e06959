"""Samples that cannot be read while training: each is replaced by another, always the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datakit.errors import DataError
from datakit.io.stable_hash import stable_hash
from trainer.data.blend import StageData
from trainer.data.samples import EncodedSample

MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultySample:
    """A sample that could not be read.

    Attributes:
        error: why.
        replaced_by: key of the sample that was read in its place; None where none was.
    """

    key: str
    error: str
    replaced_by: str | None


def read_or_replace(
    data: StageData, position: int, *, seed: int, faulty: list[FaultySample]
) -> EncodedSample | None:
    """Reads a sample or, where that fails, one that takes no more tokens and views.

    Args:
        faulty: where those that fail are noted.

    Returns:
        None where no other is as small, or ten of them fail, too.
    """
    try:
        return _read(data, position)
    except DataError as error:
        key, found = data.samples.key(position), str(error)
    sizes = data.sizes
    fits = (sizes.tokens <= sizes.tokens[position]) & (sizes.views <= sizes.views[position])
    fits[position] = False
    others = np.flatnonzero(fits)
    replacement = None
    for attempt in range(min(MOST_ATTEMPTS, len(others))):
        other = int(others[stable_hash("replacement", seed, key, attempt) % len(others)])
        try:
            replacement = _read(data, other)
            break
        except DataError as error:
            faulty.append(_faulty(data.samples.key(other), str(error)))
    faulty.append(_faulty(key, found, replacement))
    return replacement


def _read(data: StageData, position: int) -> EncodedSample:
    sample = data.samples[position]
    found = len(sample.input_ids), len(sample.pixel_values)
    size = data.sizes[position]
    if found != (size.tokens, size.views):
        raise DataError(
            f"{sample.key}: {found[0]:,} tokens and {found[1]:,} views, but {size.tokens:,} and "
            f"{size.views:,} were measured before. Clear the cache: datakit cache clear."
        )
    return sample


def _faulty(key: str, error: str, replacement: EncodedSample | None = None) -> FaultySample:
    replaced_by = None if replacement is None else replacement.key
    return FaultySample(key=key, error=error, replaced_by=replaced_by)
