"""Samples as the tensors of one forward, and those of one step.

Legend: B rows, N views of all rows, L tokens of the longest row, S side of a view in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor

from trainer.data.faulty import FaultySample
from trainer.data.samples import EncodedSample
from trainer.data.select import DroppedSample
from trainer.model.conversation import IGNORED_LABEL
from trainer.model.processor import EncoderMixtureProcessor


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one forward takes: padded rows of a sample each, or one row with all of them.

    Attributes:
        input_ids, labels: (B, L).
        attention_mask: (B, L), 0 at padding; None where samples are packed.
        position_ids: (1, L), from 0 in each sample, where samples are packed: that is what keeps
            them apart. None where each has a row.
        pixel_values: uint8, (N, 3, S, S), in the order of their tokens; N may be 0.
        view_areas: (N, 4); see `View`.
        keys: of the samples; none where this process only keeps in step with others.
        num_tokens: padding not counted.
    """

    input_ids: Tensor
    labels: Tensor
    attention_mask: Tensor | None
    position_ids: Tensor | None
    pixel_values: Tensor
    view_areas: Tensor
    keys: tuple[str, ...]
    num_tokens: int

    @property
    def num_label_tokens(self) -> int:
        """Tokens that the model learns to write; the first of a sample is never predicted."""
        return int((self.labels[:, 1:] != IGNORED_LABEL).sum())

    def inputs_on(self, device: torch.device) -> dict[str, Tensor]:
        """What the model takes, on a device."""
        return {
            name: tensor.to(device, non_blocking=True) for name, tensor in self._tensors.items()
        }

    def pin_memory(self) -> Batch:
        """The same in memory that a GPU copies from; the loader calls it."""
        pinned = {name: tensor.pin_memory() for name, tensor in self._tensors.items()}
        return replace(self, **pinned)  # type: ignore[arg-type]

    @property
    def _tensors(self) -> dict[str, Tensor]:
        tensors = {
            "input_ids": self.input_ids,
            "labels": self.labels,
            "attention_mask": self.attention_mask,
            "position_ids": self.position_ids,
            "pixel_values": self.pixel_values,
            "view_areas": self.view_areas,
        }
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBatch:
    """One process's share of a step.

    Attributes:
        micro_batches: one forward each; every process has equally many.
        faulty: samples that could not be read.
        dropped: samples that were found too long, or without anything to learn, on the way.
    """

    micro_batches: tuple[Batch, ...]
    faulty: tuple[FaultySample, ...] = ()
    dropped: tuple[DroppedSample, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Tokens, padding not counted."""
        return sum(batch.num_tokens for batch in self.micro_batches)

    @property
    def num_label_tokens(self) -> int:
        """Tokens that the model learns to write."""
        return sum(batch.num_label_tokens for batch in self.micro_batches)

    @property
    def num_views(self) -> int:
        """Views that the encoders see."""
        return sum(len(batch.pixel_values) for batch in self.micro_batches)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the samples."""
        return tuple(chain.from_iterable(batch.keys for batch in self.micro_batches))

    def pin_memory(self) -> StepBatch:
        """The same in memory that a GPU copies from; the loader calls it."""
        return replace(self, micro_batches=tuple(b.pin_memory() for b in self.micro_batches))


def pack(samples: Sequence[EncodedSample]) -> Batch:
    """Joins samples in one row; none sees another, and none predicts the first token of the next.

    transformers finds the borders by the positions that start anew (`masking_utils`, and
    `modeling_flash_attention_utils`), as long as there is no attention mask.
    """
    labels = [[IGNORED_LABEL, *sample.labels[1:]] for sample in samples]
    positions = [range(len(sample.input_ids)) for sample in samples]
    return Batch(
        input_ids=torch.tensor([_joined(sample.input_ids for sample in samples)]),
        labels=torch.tensor([_joined(labels)]),
        attention_mask=None,
        position_ids=torch.tensor([_joined(positions)]),
        pixel_values=torch.cat([sample.pixel_values for sample in samples]),
        view_areas=torch.cat([sample.view_areas for sample in samples]),
        keys=tuple(sample.key for sample in samples),
        num_tokens=sum(len(sample.input_ids) for sample in samples),
    )


def pad(samples: Sequence[EncodedSample], *, pad_token_id: int) -> Batch:
    """Gives each sample a row, padded on the right to the longest, and joins their views."""
    return Batch(
        input_ids=_padded([sample.input_ids for sample in samples], pad_token_id),
        labels=_padded([sample.labels for sample in samples], IGNORED_LABEL),
        attention_mask=_padded([[1] * len(sample.input_ids) for sample in samples], 0),
        position_ids=None,
        pixel_values=torch.cat([sample.pixel_values for sample in samples]),
        view_areas=torch.cat([sample.view_areas for sample in samples]),
        keys=tuple(sample.key for sample in samples),
        num_tokens=sum(len(sample.input_ids) for sample in samples),
    )


def nothing(*, pad_token_id: int, image_side_px: int) -> Batch:
    """A row of one token with nothing to learn: its gradient is zero, its path that of any row."""
    side = image_side_px
    row = torch.tensor([[pad_token_id]])
    return Batch(
        input_ids=row,
        labels=torch.full_like(row, IGNORED_LABEL),
        attention_mask=torch.ones_like(row),
        position_ids=None,
        pixel_values=torch.zeros(0, 3, side, side, dtype=torch.uint8),
        view_areas=torch.zeros(0, 4),
        keys=(),
        num_tokens=0,
    )


def collate(
    samples: Sequence[EncodedSample], processor: EncoderMixtureProcessor, *, packing: bool
) -> Batch:
    """One forward's samples, packed or padded; `nothing` where there are none."""
    pad_token_id = processor.tokenizer.pad_token_id
    if not samples:
        side = processor.image_processor.side_px
        return nothing(pad_token_id=pad_token_id, image_side_px=side)
    return pack(samples) if packing else pad(samples, pad_token_id=pad_token_id)


def _joined(parts: Iterable[Iterable[int]]) -> list[int]:
    return list(chain.from_iterable(parts))


def _padded(rows: list[list[int]], fill: int) -> Tensor:
    length = max(len(row) for row in rows)
    return torch.tensor([row + [fill] * (length - len(row)) for row in rows])
