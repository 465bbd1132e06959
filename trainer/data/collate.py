"""Samples as the tensors of one forward: packed in one row, or padded in a row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from trainer.data.batch import Batch
from trainer.data.samples import EncodedSample, Origin
from trainer.model.conversation import IGNORED_LABEL, NO_EXCHANGE
from trainer.model.processor import EncoderMixtureProcessor


def pack(samples: Sequence[EncodedSample]) -> Batch:
    """Joins samples in one row; none sees another, and none predicts the first token of the next.

    transformers finds the borders by the positions that start anew (`masking_utils`, and
    `modeling_flash_attention_utils`), as long as there is no attention mask.
    """
    labels = [[IGNORED_LABEL, *sample.labels[1:]] for sample in samples]
    numbers = _numbers(samples)
    positions = [range(len(sample.input_ids)) for sample in samples]
    return Batch(
        input_ids=torch.tensor([_joined(sample.input_ids for sample in samples)]),
        labels=torch.tensor([_joined(labels)]),
        attention_mask=None,
        position_ids=torch.tensor([_joined(positions)]),
        origins=tuple(numbers),
        origin_of=torch.tensor([_joined(_origins(sample, numbers) for sample in samples)]),
        **_in_common(samples),
    )


def pad(samples: Sequence[EncodedSample], *, pad_token_id: int) -> Batch:
    """Gives each sample a row, padded on the right to the longest, and joins their views."""
    numbers = _numbers(samples)
    return Batch(
        input_ids=_padded([sample.input_ids for sample in samples], pad_token_id),
        labels=_padded([sample.labels for sample in samples], IGNORED_LABEL),
        attention_mask=_padded([[1] * len(sample.input_ids) for sample in samples], 0),
        position_ids=None,
        origins=tuple(numbers),
        origin_of=_padded([_origins(sample, numbers) for sample in samples], NO_EXCHANGE),
        **_in_common(samples),
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
        origins=(),
        origin_of=torch.full_like(row, NO_EXCHANGE),
        num_tokens=0,
        squared_tokens=0,
        num_images=0,
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


def _in_common(samples: Sequence[EncodedSample]) -> dict[str, Any]:
    """What of a batch does not depend on how its rows are made."""
    lengths = [len(sample.input_ids) for sample in samples]
    return {
        "pixel_values": torch.cat([sample.pixel_values for sample in samples]),
        "view_areas": torch.cat([sample.view_areas for sample in samples]),
        "keys": tuple(sample.key for sample in samples),
        "num_tokens": sum(lengths),
        "squared_tokens": sum(length**2 for length in lengths),
        "num_images": sum(sample.num_images for sample in samples),
    }


def _numbers(samples: Sequence[EncodedSample]) -> dict[Origin, int]:
    """A number for each origin."""
    origins = dict.fromkeys(chain.from_iterable(sample.origins for sample in samples))
    return {origin: number for number, origin in enumerate(origins)}


def _origins(sample: EncodedSample, numbers: Mapping[Origin, int]) -> list[int]:
    """The number of each token's origin."""
    own = [numbers[origin] for origin in sample.origins]
    return [NO_EXCHANGE if at == NO_EXCHANGE else own[at] for at in sample.exchanges]


def _joined(parts: Iterable[Iterable[int]]) -> list[int]:
    return list(chain.from_iterable(parts))


def _padded(rows: list[list[int]], fill: int) -> Tensor:
    length = max(len(row) for row in rows)
    return torch.tensor([row + [fill] * (length - len(row)) for row in rows])
