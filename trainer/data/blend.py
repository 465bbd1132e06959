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
    parts, dropped, counts = [], [], []
    for number, choice in enumerate(blend):
        build, of_build = builds[choice.build], sizes[choice.build]
        rows, reasons = training_rows(build), selection.reasons(of_build)
        used = np.flatnonzero(reasons == "")
        if not len(used):
            raise _nothing_left(build, of_build, selection)
        dropped += _dropped(build, rows, reasons, of_build)
        parts += [
            _Part(build=number, rows=rows[own], table=of_build.table()[own], share=share)
            for own, share in _by_source(build, rows, used)
        ]
        counts.append(len(used))
    drawn = drawn_of_builds(blend, counts)
    joined = SampleSizes.from_table(np.concatenate([part.table for part in parts]))
    places = SamplePlaces(
        builds=np.concatenate([np.full(len(part.rows), part.build, np.int16) for part in parts]),
        rows=np.concatenate([part.rows for part in parts]),
        exchanges=joined.exchanges,
    )
    in_order = [builds[choice.build] for choice in blend]
    return StageData(
        samples=EncodedSamples(in_order, processor, places),
        sizes=joined,
        draws=_draws(parts, drawn),
        shares=tuple(
            BuildShare(
                path=str(builds[choice.build].path),
                fingerprint=builds[choice.build].fingerprint,
                weight=choice.weight,
                samples=counts[number],
                cut_samples=sum(part.num_cut for part in parts if part.build == number),
                epoch_samples=drawn[number],
            )
            for number, choice in enumerate(blend)
        ),
        dropped=tuple(dropped),
    )


def drawn_of_builds(blend: Blend, samples: Sequence[int]) -> list[int]:
    """Samples that an epoch has of each build, of those that it may use."""
    if blend[0].weight is None:
        return list(samples)
    return share_out(sum(samples), [choice.weight or 0 for choice in blend])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Samples of one build that are drawn alike: all that are used, or those of one source.

    Attributes:
        build: its number in the blend.
        table: their sizes, a row a sample.
        share: of what the build gives to an epoch, beside the shares of its other parts.
    """

    build: int
    rows: npt.NDArray[np.int64]
    table: npt.NDArray[np.int32]
    share: float

    @property
    def num_cut(self) -> int:
        sizes = SampleSizes.from_table(self.table)
        return int((sizes.exchanges < sizes.all_exchanges).sum())


def _by_source(
    build: datakit.BuiltDataset, rows: npt.NDArray[np.int64], used: npt.NDArray[np.int64]
) -> list[tuple[npt.NDArray[np.int64], float]]:
    """The parts of a build and their shares: one; of the layout `per-source`, one a source."""
    if build.manifest.layout == "mixed":
        return [(used, 1.0)]
    sources = build.index["source"].to_numpy()[rows[used]]
    parts = [(used[sources == s.name], s.share) for s in build.manifest.sources]
    return [(own, share) for own, share in parts if len(own) and share > 0]


def _draws(parts: Sequence[_Part], drawn: Sequence[int]) -> tuple[Draw, ...]:
    draws = []
    for number, total in enumerate(drawn):
        own = [part for part in parts if part.build == number]
        shared = share_out(total, [part.share for part in own])
        draws += [
            Draw(samples=len(part.rows), drawn=count)
            for part, count in zip(own, shared, strict=True)
        ]
    return tuple(draws)


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
