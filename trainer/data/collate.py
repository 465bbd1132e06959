"""Several samples as one batch.

Legend: B batch, N views of the whole batch, L tokens of the longest sample, S side of a view in
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.data.samples import EncodedSample
from trainer.model.conversation import IGNORED_LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One process's share of a step, padded on the right.

    Attributes:
        input_ids, attention_mask, labels: (B, L).
        pixel_values: uint8, (N, 3, S, S), in the order of their tokens; N may be 0.
        view_areas: (N, 4); see `View`.
        keys: of the samples.
    """

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor
    pixel_values: Tensor
    view_areas: Tensor
    keys: tuple[str, ...]

    @property
    def num_tokens(self) -> int:
        """Tokens, padding not counted."""
        return int(self.attention_mask.sum())

    @property
    def num_label_tokens(self) -> int:
        """Tokens that the model learns to write; the first of a sample is never predicted."""
        return int((self.labels[:, 1:] != IGNORED_LABEL).sum())

    def inputs_on(self, device: torch.device) -> dict[str, Tensor]:
        """What the model takes, on a device."""
        tensors = {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "labels": self.labels,
            "pixel_values": self.pixel_values,
            "view_areas": self.view_areas,
        }
        return {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}


def collate(samples: Sequence[EncodedSample], *, pad_token_id: int) -> Batch:
    """Pads samples to the longest and joins their views."""
    return Batch(
        input_ids=_padded([sample.input_ids for sample in samples], pad_token_id),
        attention_mask=_padded([[1] * len(sample.input_ids) for sample in samples], 0),
        labels=_padded([sample.labels for sample in samples], IGNORED_LABEL),
        pixel_values=torch.cat([sample.pixel_values for sample in samples]),
        view_areas=torch.cat([sample.view_areas for sample in samples]),
        keys=tuple(sample.key for sample in samples),
    )


def _padded(rows: list[list[int]], fill: int) -> Tensor:
    length = max(len(row) for row in rows)
    return torch.tensor([row + [fill] * (length - len(row)) for row in rows])
