"""Which samples of a build are trained on, and which are left out and why. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.data.sizes import SampleSizes


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedSample:
    """A sample that is not trained on.

    Attributes:
        build: its folder or URL.
        tokens: of all of it.
        views: of all of it.
        reason: `over-long`, `too-many-views` or `no-label-token`.
    """

    key: str
    source: str
    build: str
    tokens: int
    views: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What may be used of samples.

    Attributes:
        max_tokens: of a sample.
        max_views: of a sample; None for no limit.
    """

    max_tokens: int
    max_views: int | None

    def reasons(self, sizes: SampleSizes) -> npt.NDArray[np.str_]:
        """Why each sample is left out; empty where it is used."""
        views = np.zeros(len(sizes), dtype=bool)
        if self.max_views is not None:
            views = sizes.views > self.max_views
        long = (sizes.tokens > self.max_tokens) | (sizes.exchanges == 0)
        reasons = ["over-long", "too-many-views", "no-label-token"]
        return np.select([long, views, sizes.label_tokens == 0], reasons, default="")
