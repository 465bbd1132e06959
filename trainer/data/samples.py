"""Samples of a build, encoded for the model.

Legend: N images, L tokens, S side of the shared image in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

import datakit
from datakit.errors import DataError
from trainer.model.conversation import check_placeholders
from trainer.model.processor import EncoderMixtureProcessor


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedSample:
    """One sample as the model takes it.

    Attributes:
        input_ids, labels: L ids; see `EncodedConversation`.
        pixel_values: uint8, (N, 3, S, S); N may be 0.
    """

    key: str
    input_ids: list[int]
    labels: list[int]
    pixel_values: Tensor


class EncodedSamples(Dataset[EncodedSample]):
    """The samples of a build at `rows`, encoded when they are asked for."""

    def __init__(
        self,
        data: datakit.BuiltDataset,
        processor: EncoderMixtureProcessor,
        rows: Sequence[int] | None = None,
    ) -> None:
        self.data = data
        self.processor = processor
        self.rows = range(len(data)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> EncodedSample:
        """Reads and encodes one sample.

        Raises:
            DataError: its placeholders and images do not match, or an image cannot be decoded.
        """
        sample = self.data[self.rows[position]]
        check_placeholders(sample.messages, len(sample.image_bytes), where=sample.id)
        conversation = self.processor.encode_conversation(sample.messages)
        return EncodedSample(
            key=sample.id,
            input_ids=conversation.input_ids,
            labels=conversation.labels,
            pixel_values=self._pixels(sample),
        )

    def num_tokens(self, position: int) -> int:
        """L of one sample, without decoding its images."""
        sample = self.data[self.rows[position]]
        return len(self.processor.encode_conversation(sample.messages).input_ids)

    def _pixels(self, sample: datakit.LoadedSample) -> Tensor:
        images = self.processor.image_processor
        try:
            squares = [images.square(image) for image in sample.open_images()]
        except (OSError, Image.DecompressionBombError) as error:
            raise DataError(
                f"{sample.id}: an image cannot be decoded: {error}. "
                f"See `datakit verify {self.data.path}`."
            ) from error
        side = images.side_px
        return torch.stack(squares) if squares else torch.zeros(0, 3, side, side, dtype=torch.uint8)


def training_rows(data: datakit.BuiltDataset) -> list[int]:
    """Rows of the samples that are trained on; those of the holdout are not."""
    splits = data.index["split"]
    return [row for row, split in enumerate(splits) if split == "train"]


def build_texts(data: datakit.BuiltDataset, rows: Iterable[int]) -> Iterable[str]:
    """The text of every message, to train a tokenizer on."""
    return (message.content for row in rows for message in data[row].messages)
