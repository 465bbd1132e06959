"""What each sample takes, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from trainer.data.measure import Measured
from trainer.data.micro_batches import Size

Counts: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleSizes:
    """Sizes of samples, by their number; the columns are those of `Measured`."""

    tokens: Counts
    label_tokens: Counts
    views: Counts
    exchanges: Counts
    all_exchanges: Counts

    @staticmethod
    def from_table(table: Counts) -> SampleSizes:
        """From a row a sample and a column an attribute."""
        columns = table.reshape(-1, len(Measured._fields)).T
        return SampleSizes(**dict(zip(Measured._fields, columns, strict=True)))

    @staticmethod
    def of(measured: Iterable[Measured]) -> SampleSizes:
        """From what was measured, one after the other."""
        return SampleSizes.from_table(np.array(list(measured), dtype=np.int32))

    def table(self) -> Counts:
        """A row a sample and a column an attribute."""
        return np.stack([getattr(self, field.name) for field in fields(self)], axis=1)

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, number: int) -> Size:
        return Size(tokens=int(self.tokens[number]), views=int(self.views[number]))
