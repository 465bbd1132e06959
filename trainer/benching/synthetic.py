"""Samples without data: random text and images of the sizes that a recipe has."""

from __future__ import annotations

import torch

from trainer.data.batch import StepBatch
from trainer.data.collate import collate
from trainer.data.micro_batches import Limits, Size, deal_micro_batches
from trainer.data.samples import EncodedSample, Origin
from trainer.model.conversation import IGNORED_LABEL, NO_EXCHANGE
from trainer.model.processor import EncoderMixtureProcessor

TEXT_TOKENS = 256
ORIGIN = Origin("synthetic", "")


def synthetic_step(
    processor: EncoderMixtureProcessor,
    *,
    samples: int,
    sample_tokens: int,
    limits: Limits,
    rank: int,
    ranks: int,
) -> StepBatch:
    """One process's share of a step of samples of one view each, all of one length.

    Args:
        samples: of all processes.
        sample_tokens: visual ones among them; half of the others are learned.
    """
    sizes = [Size(tokens=sample_tokens, views=1)] * samples
    dealt = deal_micro_batches(sizes, limits, ranks=ranks)[rank]
    sample = _sample(processor, sample_tokens)
    return StepBatch(
        micro_batches=tuple(
            collate([sample] * len(own), processor, packing=limits.packing) for own in dealt
        )
    )


def _sample(processor: EncoderMixtureProcessor, tokens: int) -> EncodedSample:
    """A sample of one view."""
    visual = processor.tokens_per_view
    text = max(tokens - visual, 1)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, len(processor.tokenizer), (text,), generator=generator)
    ids[ids == processor.image_token_id] = processor.tokenizer.pad_token_id
    words = ids.tolist()
    side = processor.image_processor.side_px
    learned = text // 2
    exchanges = [NO_EXCHANGE] * (visual + text - learned) + [0] * learned
    input_ids = [processor.image_token_id] * visual + words
    return EncodedSample(
        key="synthetic",
        input_ids=input_ids,
        labels=[
            token if at != NO_EXCHANGE else IGNORED_LABEL
            for token, at in zip(input_ids, exchanges, strict=True)
        ],
        exchanges=exchanges,
        origins=(ORIGIN,),
        pixel_values=torch.randint(
            0, 256, (1, 3, side, side), dtype=torch.uint8, generator=generator
        ),
        view_areas=torch.tensor([[0.0, 0.0, side, side]]),
        num_images=1,
    )
