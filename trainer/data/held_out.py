"""Samples that builds hold out, as batches in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import datakit
from datakit.io.stable_hash import stable_hash
from trainer.data.blend import StageData
from trainer.data.order import Draw
from trainer.data.samples import EncodedSamples, SamplePlaces
from trainer.data.select import Selection
from trainer.data.sizes import SampleSizes
from trainer.model.processor import EncoderMixtureProcessor


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOrder:
    """All samples once, in their order.

    Attributes:
        seed: of what replaces samples that cannot be read.
    """

    samples: int
    batch_samples: int
    seed: int = 0

    @property
    def steps(self) -> int:
        """Batches."""
        return -(-self.samples // self.batch_samples)

    def batch(self, step: int) -> list[int]:
        """Positions of one batch's samples."""
        start = step * self.batch_samples
        return list(range(start, min(start + self.batch_samples, self.samples)))


def held_out_rows(build: datakit.BuiltDataset, *, samples_of_source: int) -> npt.NDArray[np.int64]:
    """Rows of a build's split `val`: of each source so many at most, by a hash of their keys."""
    table = build.index.select("key", "source", "split")
    of_source: dict[str, list[tuple[int, int]]] = {}
    for row, (key, source, split) in enumerate(table.iter_rows()):
        if split == "val":
            of_source.setdefault(source, []).append((stable_hash("held out", key), row))
    chosen = [row for ranked in of_source.values() for _, row in sorted(ranked)[:samples_of_source]]
    return np.array(sorted(chosen), dtype=np.int64)


def join_held_out(
    builds: Sequence[datakit.BuiltDataset],
    rows: Sequence[npt.NDArray[np.int64]],
    sizes: Sequence[SampleSizes],
    processor: EncoderMixtureProcessor,
    selection: Selection,
) -> StageData | None:
    """What is evaluated on; None where nothing is left.

    Args:
        rows, sizes: of each build's samples that may be.
    """
    kept = [selection.reasons(of_build) == "" for of_build in sizes]
    table = np.concatenate(
        [of_build.table()[keep] for of_build, keep in zip(sizes, kept, strict=True)]
    )
    if not len(table):
        return None
    joined = SampleSizes.from_table(table)
    places = SamplePlaces(
        builds=np.repeat(
            np.arange(len(builds), dtype=np.int16), [int(keep.sum()) for keep in kept]
        ),
        rows=np.concatenate([own[keep] for own, keep in zip(rows, kept, strict=True)]),
        exchanges=joined.exchanges,
    )
    return StageData(
        samples=EncodedSamples(builds, processor, places),
        sizes=joined,
        draws=(Draw(samples=len(joined), drawn=len(joined)),),
        shares=(),
        dropped=(),
    )
