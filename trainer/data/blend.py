"""Builds that are trained on together, as one list of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import datakit
from datakit.errors import DataError
from datakit.io.stable_hash import stable_hash
from trainer.data.order import Draw, share_out
from trainer.data.parts import Part, draws_of, parts_of
from trainer.data.samples import EncodedSamples, SamplePlaces, training_rows
from trainer.data.select import DroppedSample, Selection
from trainer.data.sizes import SampleSizes
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Blend


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildShare:
    """What one build gives to a stage.

    Attributes:
        path: its folder or URL.
        weight: as the recipe has it; None where none has one.
        samples: that may be used.
        cut_samples: of those, the ones that are used up to an exchange only.
        epoch_samples: of an epoch.
    """

    path: str
    fingerprint: str
    weight: float | None
    samples: int
    cut_samples: int
    epoch_samples: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageData:
    """What a stage trains on.

    Attributes:
        samples: by position.
        sizes: of the same.
        draws: how many of each part an epoch has; the parts follow each other in `samples`.
        shares: of the builds.
        dropped: samples that are left out.
    """

    samples: EncodedSamples
    sizes: SampleSizes
    draws: tuple[Draw, ...]
    shares: tuple[BuildShare, ...]
    dropped: tuple[DroppedSample, ...]

    @property
    def epoch_samples(self) -> int:
        """Samples of one epoch."""
        return sum(draw.drawn for draw in self.draws)

    @property
    def fingerprint(self) -> str:
        """Of all that decides which samples come and in which order, the seed aside."""
        return f"{stable_hash(repr(self.shares), repr(self.draws)):016x}"


def join_builds(
    blend: Blend,
    builds: Mapping[str, datakit.BuiltDataset],
    sizes: Mapping[str, SampleSizes],
    processor: EncoderMixtureProcessor,
    selection: Selection,
) -> StageData:
    """Joins what is used of the builds of a blend.

    Args:
        builds: by what the recipe calls them.
        sizes: of all samples of each build that are trained on.

    Raises:
        DataError: a build has no sample that may be used.
    """
    chosen = [(builds[choice.build], sizes[choice.build]) for choice in blend]
    used = [_used(build, of_build, selection) for build, of_build in chosen]
    drawn = drawn_of_builds(blend, [used_.num_samples for used_ in used])
    parts = [part for used_ in used for part in used_.parts]
    joined = SampleSizes.from_table(np.concatenate([part.table for part in parts]))
    places = SamplePlaces(
        builds=np.repeat(
            np.arange(len(blend), dtype=np.int16), [used_.num_samples for used_ in used]
        ),
        rows=np.concatenate([part.rows for part in parts]),
        exchanges=joined.exchanges,
    )
    return StageData(
        samples=EncodedSamples([build for build, _ in chosen], processor, places),
        sizes=joined,
        draws=tuple(
            draw
            for used_, count in zip(used, drawn, strict=True)
            for draw in draws_of(used_.parts, count)
        ),
        shares=tuple(
            _share(build, choice.weight, used_, count)
            for (build, _), choice, used_, count in zip(chosen, blend, used, drawn, strict=True)
        ),
        dropped=tuple(sample for used_ in used for sample in used_.dropped),
    )


def drawn_of_builds(blend: Blend, samples: Sequence[int]) -> list[int]:
    """Samples that an epoch has of each build, of those that it may use."""
    if blend[0].weight is None:
        return list(samples)
    return share_out(sum(samples), [choice.weight or 0 for choice in blend])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Used:
    """What is used of one build, and what is not."""

    parts: list[Part]
    dropped: list[DroppedSample]

    @property
    def num_samples(self) -> int:
        return sum(len(part.rows) for part in self.parts)


def _used(build: datakit.BuiltDataset, sizes: SampleSizes, selection: Selection) -> _Used:
    rows, reasons = training_rows(build), selection.reasons(sizes)
    numbers = np.flatnonzero(reasons == "")
    if not len(numbers):
        raise _nothing_left(build, sizes, selection)
    parts = parts_of(build, rows[numbers], sizes.table()[numbers])
    return _Used(parts=parts, dropped=_dropped(build, rows, reasons, sizes))


def _share(
    build: datakit.BuiltDataset, weight: float | None, used: _Used, epoch_samples: int
) -> BuildShare:
    return BuildShare(
        path=str(build.path),
        fingerprint=build.fingerprint,
        weight=weight,
        samples=used.num_samples,
        cut_samples=sum(part.num_cut for part in used.parts),
        epoch_samples=epoch_samples,
    )


def _dropped(
    build: datakit.BuiltDataset,
    rows: npt.NDArray[np.int64],
    reasons: npt.NDArray[np.str_],
    sizes: SampleSizes,
) -> list[DroppedSample]:
    numbers = np.flatnonzero(reasons != "")
    named = build.index.select("key", "source")[rows[numbers].tolist()]
    return [
        DroppedSample(
            key=key,
            source=source,
            build=str(build.path),
            tokens=int(sizes.tokens[number]),
            views=int(sizes.views[number]),
            reason=str(reasons[number]),
        )
        for number, (key, source) in zip(numbers, named.iter_rows(), strict=True)
    ]


def _nothing_left(
    build: datakit.BuiltDataset, sizes: SampleSizes, selection: Selection
) -> DataError:
    longest, views = int(sizes.tokens.max(initial=0)), int(sizes.views.max(initial=0))
    return DataError(
        f"{build.path}: none of {len(sizes):,} training samples is left with max_tokens "
        f"{selection.max_tokens:,}; the longest has {longest:,} tokens, the most views of one are "
        f"{views:,}. Raise max_tokens."
    )
