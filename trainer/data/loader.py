"""The batches of one process, each a function of its step alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch.utils.data import DataLoader, Dataset

from trainer.data.collate import Batch, StepBatch, nothing, pack, pad
from trainer.data.micro_batches import Limits, deal_micro_batches
from trainer.data.order import Draw, SampleOrder
from trainer.data.samples import EncodedSamples
from trainer.data.sizes import SampleSizes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageData:
    """What a stage trains on.

    Attributes:
        samples: by position.
        sizes: of the same.
        draws: how many of each part an epoch has.
    """

    samples: EncodedSamples
    sizes: SampleSizes
    draws: tuple[Draw, ...]

    @property
    def epoch_samples(self) -> int:
        """Samples of one epoch."""
        return sum(draw.drawn for draw in self.draws)


class StepBatches(Dataset[StepBatch]):
    """One process's share of every step, by the step's number from 0."""

    def __init__(
        self, data: StageData, *, order: SampleOrder, limits: Limits, rank: int, ranks: int
    ) -> None:
        self.data = data
        self.order = order
        self.limits = limits
        self.rank = rank
        self.ranks = ranks

    def __getitem__(self, step: int) -> StepBatch:
        """Reads and encodes the samples of one step that fall to this process."""
        positions = self.order.batch(step)
        sizes = [self.data.sizes[position] for position in positions]
        dealt = deal_micro_batches(sizes, self.limits, ranks=self.ranks)[self.rank]
        micro_batches = (self._batch([positions[at] for at in places]) for places in dealt)
        return StepBatch(micro_batches=tuple(micro_batches))

    def _batch(self, positions: list[int]) -> Batch:
        processor = self.data.samples.processor
        pad_token_id = processor.tokenizer.pad_token_id
        if not positions:
            side = processor.image_processor.side_px
            return nothing(pad_token_id=pad_token_id, image_side_px=side)
        samples = [self.data.samples[position] for position in positions]
        return pack(samples) if self.limits.packing else pad(samples, pad_token_id=pad_token_id)


def load_steps(
    batches: StepBatches, steps: range, *, processes: int, pin_memory: bool
) -> Iterable[StepBatch]:
    """Loads the batches of some steps in turn, in processes beside this one.

    Args:
        processes: 0 for none besides this one.
        pin_memory: whether a GPU takes them.
    """
    return DataLoader(
        batches,
        batch_size=None,
        sampler=steps,
        num_workers=processes,
        pin_memory=pin_memory,
        # Forking would copy the locks of threads that torch and polars have running.
        multiprocessing_context="forkserver" if processes else None,
    )
