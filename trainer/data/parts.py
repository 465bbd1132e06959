"""The parts of a build: samples that are drawn alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import datakit
from trainer.data.order import Draw, share_out
from trainer.data.sizes import Counts, SampleSizes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Samples of one build that are drawn alike: all that are used, or those of one source.

    Attributes:
        rows: of the build's index.
        table: their sizes, a row a sample; see `SampleSizes`.
        share: of what the build gives to an epoch, beside the shares of its other parts.
    """

    rows: npt.NDArray[np.int64]
    table: Counts
    share: float

    @property
    def num_cut(self) -> int:
        """Samples that are used up to an exchange only."""
        sizes = SampleSizes.from_table(self.table)
        return int((sizes.exchanges < sizes.all_exchanges).sum())


def parts_of(build: datakit.BuiltDataset, rows: npt.NDArray[np.int64], table: Counts) -> list[Part]:
    """The parts of a build: one; of the layout `per-source`, one a source.

    Args:
        rows: of the samples that are used.
        table: their sizes.
    """
    if build.manifest.layout == "mixed":
        return [Part(rows=rows, table=table, share=1.0)]
    sources = build.index["source"].to_numpy()[rows]
    of_source = ((sources == source.name, source.share) for source in build.manifest.sources)
    return [
        Part(rows=rows[own], table=table[own], share=share) for own, share in of_source if own.any()
    ]


def draws_of(parts: Sequence[Part], epoch_samples: int) -> list[Draw]:
    """How many samples of each part of a build an epoch has."""
    counts = share_out(epoch_samples, [part.share for part in parts])
    return [
        Draw(samples=len(part.rows), drawn=count) for part, count in zip(parts, counts, strict=True)
    ]
