"""What the sources of a stage give to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from trainer.data.blend import StageData
from trainer.data.order import epoch_positions


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """One source of one build.

    Attributes:
        samples: that are used; tokens, label tokens and views are of these.
        longest_tokens: of the longest of them.
        over_long_samples, many_views_samples, no_label_samples: that are left out: with more than
            `max_tokens`, with more views than a micro-batch may have, with no token to learn.
    """

    build: str
    source: str
    samples: int
    tokens: int
    label_tokens: int
    views: int
    longest_tokens: int
    over_long_samples: int
    many_views_samples: int
    no_label_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochCounts:
    """What one epoch has, samples that are drawn again counted again.

    Attributes:
        squared_tokens: sum of the squares of the samples' lengths.
    """

    samples: int
    tokens: int
    label_tokens: int
    views: int
    squared_tokens: int


def count_sources(data: StageData) -> list[SourceCount]:
    """Counts each source of each build, in the order of the builds and their sources' names."""
    places, sizes = data.samples.places, data.sizes
    dropped = Counter((one.build, one.source, one.reason) for one in data.dropped)
    found = []
    for number, build in enumerate(data.samples.builds):
        own = np.flatnonzero(places.builds == number)
        path = str(build.path)
        of_rows = build.index["source"].to_numpy()[places.rows[own]]
        names = {*of_rows.tolist(), *(source for where, source, _ in dropped if where == path)}
        for name in sorted(names):
            chosen = own[of_rows == name]
            found.append(
                SourceCount(
                    build=path,
                    source=name,
                    samples=len(chosen),
                    tokens=int(sizes.tokens[chosen].sum(dtype=np.int64)),
                    label_tokens=int(sizes.label_tokens[chosen].sum(dtype=np.int64)),
                    views=int(sizes.views[chosen].sum(dtype=np.int64)),
                    longest_tokens=int(sizes.tokens[chosen].max(initial=0)),
                    over_long_samples=dropped[path, name, "over-long"],
                    many_views_samples=dropped[path, name, "too-many-views"],
                    no_label_samples=dropped[path, name, "no-label-token"],
                )
            )
    return found


def count_epoch(data: StageData, *, seed: int) -> EpochCounts:
    """Counts the first epoch; later ones of a weighted blend differ a little."""
    drawn = epoch_positions(data.draws, seed=seed, epoch=0)
    tokens = data.sizes.tokens[drawn].astype(np.int64)
    return EpochCounts(
        samples=len(drawn),
        tokens=int(tokens.sum()),
        label_tokens=int(data.sizes.label_tokens[drawn].sum(dtype=np.int64)),
        views=int(data.sizes.views[drawn].sum(dtype=np.int64)),
        squared_tokens=int((tokens**2).sum()),
    )
