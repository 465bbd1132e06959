"""Samples in the order in which shards are read from end to end, without the index.

For object stores that are slow to be asked for one sample. Shards are drawn with replacement and
samples shuffled in a buffer, so that no run repeats another's and weights hold on average.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch.utils.data import IterableDataset
from webdataset import RandomMix

import datakit
from datakit.errors import DataError
from datakit.io.stable_hash import stable_hash
from trainer.data.batch import StepBatch
from trainer.data.blend import BuildShare, drawn_of_builds
from trainer.data.collate import collate
from trainer.data.faulty import FaultySample
from trainer.data.measure import measure_conversation
from trainer.data.micro_batches import Limits, Size, deal_micro_batches
from trainer.data.samples import EncodedSample, encode_sample, views_of_images
from trainer.data.select import DroppedSample, Selection
from trainer.data.sizes import SampleSizes
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Blend

SHUFFLED_SAMPLES = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamedData:
    """What a stage trains on that reads whole shards.

    Attributes:
        builds: beside `shares`.
        cut_tokens: where conversations with more tokens are cut; None where they are not.
    """

    builds: tuple[datakit.BuiltDataset, ...]
    processor: EncoderMixtureProcessor
    shares: tuple[BuildShare, ...]
    selection: Selection
    cut_tokens: int | None

    @property
    def epoch_samples(self) -> int:
        """Samples of the builds; what is left out is known only when it is read."""
        return sum(share.epoch_samples for share in self.shares)

    @property
    def fingerprint(self) -> str:
        """Of the builds and their weights."""
        return f"{stable_hash('streaming', repr(self.shares)):016x}"

    @property
    def dropped(self) -> tuple[DroppedSample, ...]:
        """None that are known beforehand."""
        return ()


def stream_builds(
    blend: Blend,
    builds: Mapping[str, datakit.BuiltDataset],
    processor: EncoderMixtureProcessor,
    selection: Selection,
    cut_tokens: int | None,
) -> StreamedData:
    """What a stage that streams a blend trains on; `builds` are by what the recipe calls them."""
    opened = [datakit.open(str(builds[choice.build].path), split="train") for choice in blend]
    drawn = drawn_of_builds(blend, [len(build) for build in opened])
    shares = [
        BuildShare(
            path=str(build.path),
            fingerprint=build.fingerprint,
            weight=choice.weight,
            samples=len(build),
            cut_samples=0,
            epoch_samples=count,
        )
        for choice, build, count in zip(blend, opened, drawn, strict=True)
    ]
    return StreamedData(
        builds=tuple(opened),
        processor=processor,
        shares=tuple(shares),
        selection=selection,
        cut_tokens=cut_tokens,
    )


class StreamedBatches(IterableDataset[StepBatch]):
    """One process's share of one step after another, without end.

    Args:
        own_samples: of this process in a step.
    """

    def __init__(self, data: StreamedData, *, limits: Limits, own_samples: int) -> None:
        super().__init__()
        self.data = data
        self.limits = limits
        self.own_samples = own_samples

    def __iter__(self) -> Iterator[StepBatch]:
        encoded: list[EncodedSample] = []
        faulty: list[FaultySample] = []
        dropped: list[DroppedSample] = []
        for build, fields in self._raw():
            try:
                found = self._encode(build, fields)
            except DataError as error:
                faulty.append(
                    FaultySample(key=fields["__key__"], error=str(error), replaced_by=None)
                )
                continue
            if isinstance(found, DroppedSample):
                dropped.append(found)
                continue
            encoded.append(found)
            if len(encoded) == self.own_samples:
                yield self._step(encoded, faulty, dropped)
                encoded, faulty, dropped = [], [], []

    def _raw(self) -> Iterator[tuple[datakit.BuiltDataset, dict[str, Any]]]:
        """What webdataset reads of each build, mixed by the builds' shares of an epoch."""
        streams = [
            build.webdataset(
                resampled=True, shardshuffle=False, nodesplitter=None, workersplitter=None
            )
            .shuffle(SHUFFLED_SAMPLES)
            .map(lambda fields, build=build: (build, fields))
            for build in self.data.builds
        ]
        shares = [share.epoch_samples for share in self.data.shares]
        yield from RandomMix(streams, [share / sum(shares) for share in shares])

    def _encode(
        self, build: datakit.BuiltDataset, fields: dict[str, Any]
    ) -> EncodedSample | DroppedSample:
        sample = build.from_webdataset(fields)
        measured = measure_conversation(
            sample.messages,
            views_of_images(sample, self.data.processor),
            self.data.processor,
            cut_tokens=self.data.cut_tokens,
        )
        (reason,) = self.data.selection.reasons(SampleSizes.of([measured]))
        if not reason:
            return encode_sample(sample, self.data.processor, exchanges=measured.exchanges)
        return DroppedSample(
            key=sample.id,
            source=sample.source,
            build=str(build.path),
            tokens=measured.tokens,
            views=measured.views,
            reason=str(reason),
        )

    def _step(
        self,
        encoded: list[EncodedSample],
        faulty: list[FaultySample],
        dropped: list[DroppedSample],
    ) -> StepBatch:
        sizes = [Size(tokens=len(s.input_ids), views=len(s.pixel_values)) for s in encoded]
        (own,) = deal_micro_batches(sizes, self.limits, ranks=1)
        processor, packing = self.data.processor, self.limits.packing
        micro_batches = [
            collate([encoded[at] for at in places], processor, packing=packing) for places in own
        ]
        return StepBatch(
            micro_batches=tuple(micro_batches), faulty=tuple(faulty), dropped=tuple(dropped)
        )
