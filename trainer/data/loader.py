"""The batches of one process, each a function of its step alone."""

from __future__ import annotations

from collections.abc import Iterable

from torch.utils.data import DataLoader, Dataset

from trainer.data.batch import Batch, StepBatch
from trainer.data.blend import StageData
from trainer.data.collate import collate
from trainer.data.faulty import FaultySample, read_or_replace
from trainer.data.micro_batches import Limits, deal_micro_batches
from trainer.data.order import StepOrder


class StepBatches(Dataset[StepBatch]):
    """One process's share of every step, by the step's number from 0."""

    def __init__(
        self, data: StageData, *, order: StepOrder, limits: Limits, rank: int, ranks: int
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
        faulty: list[FaultySample] = []
        micro_batches = [self._batch([positions[at] for at in own], faulty) for own in dealt]
        return StepBatch(micro_batches=tuple(micro_batches), faulty=tuple(faulty))

    def _batch(self, positions: list[int], faulty: list[FaultySample]) -> Batch:
        seed = self.order.seed
        samples = [read_or_replace(self.data, at, seed=seed, faulty=faulty) for at in positions]
        return collate(
            [sample for sample in samples if sample is not None],
            self.data.samples.processor,
            packing=self.limits.packing,
        )


def load_steps(
    batches: Dataset[StepBatch], steps: range | None, *, processes: int, pin_memory: bool
) -> Iterable[StepBatch]:
    """Loads the batches of some steps in turn, in processes beside this one.

    Args:
        steps: None for what follows itself without end.
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
