"""What each sample takes, known without decoding an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from trainer.data.micro_batches import Size

Counts: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleSizes:
    """Sizes of samples, by their number.

    Attributes:
        tokens: of text and images.
        label_tokens: of those, the ones that the model learns to write.
        views: that encoders see.
    """

    tokens: Counts
    label_tokens: Counts
    views: Counts

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, number: int) -> Size:
        return Size(tokens=int(self.tokens[number]), views=int(self.views[number]))
