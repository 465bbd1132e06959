"""Samples of a build, encoded for the model.

Legend: N views (images, or tiles of them), L tokens, S side of a view in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

import datakit
from datakit.errors import DataError
from trainer.geometry.base import View
from trainer.model.conversation import IGNORED_LABEL, check_placeholders
from trainer.model.processor import EncoderMixtureProcessor


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedSample:
    """One sample as the model takes it.

    Attributes:
        input_ids, labels: L ids; see `EncodedConversation`.
        pixel_values: uint8, (N, 3, S, S); N may be 0.
        view_areas: (N, 4); see `View`.
    """

    key: str
    input_ids: list[int]
    labels: list[int]
    pixel_values: Tensor
    view_areas: Tensor


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
        views_of_images = self._views(sample)
        counts = [len(views) for views in views_of_images]
        conversation = self.processor.encode_conversation(sample.messages, views_of_images=counts)
        pixels, areas = self.processor.image_processor.stack(list(chain(*views_of_images)))
        return EncodedSample(
            key=sample.id,
            input_ids=conversation.input_ids,
            labels=conversation.labels,
            pixel_values=pixels,
            view_areas=areas,
        )

    def measure(self, position: int) -> tuple[int, int, int]:
        """Tokens, label tokens and views of one sample, without decoding its images."""
        sample = self.data[self.rows[position]]
        cutter = self.processor.image_processor.cutter()
        counts = [cutter.num_views(*image.size) for image in sample.open_images()]
        encoded = self.processor.encode_conversation(sample.messages, views_of_images=counts)
        learned = sum(label != IGNORED_LABEL for label in encoded.labels[1:])
        return len(encoded.input_ids), learned, sum(counts)

    def _views(self, sample: datakit.LoadedSample) -> list[list[View]]:
        images = self.processor.image_processor
        try:
            return [images.views(image) for image in sample.open_images()]
        except (OSError, Image.DecompressionBombError) as error:
            raise DataError(
                f"{sample.id}: an image cannot be decoded: {error}. "
                f"See `datakit verify {self.data.path}`."
            ) from error


def training_rows(data: datakit.BuiltDataset) -> list[int]:
    """Rows of the samples that are trained on; those of the holdout are not."""
    splits = data.index["split"]
    return [row for row, split in enumerate(splits) if split == "train"]


def build_texts(data: datakit.BuiltDataset, rows: Iterable[int]) -> Iterable[str]:
    """The text of every message, to train a tokenizer on."""
    return (message.content for row in rows for message in data[row].messages)
