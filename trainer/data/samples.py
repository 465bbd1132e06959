"""Samples of builds, encoded for the model.

Legend: N views (images, or tiles of them), L tokens, S side of a view in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

import datakit
from datakit.errors import DataError
from datakit.record import Sample
from trainer.data.exchanges import first_exchanges
from trainer.geometry.base import View
from trainer.model.conversation import check_placeholders, count_placeholders
from trainer.model.processor import EncoderMixtureProcessor


class Origin(NamedTuple):
    """Where an exchange came from, as the build's provenance has it.

    Attributes:
        template: that phrased it; empty where none did.
    """

    source: str
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedSample:
    """One sample as the model takes it.

    Attributes:
        input_ids, labels, exchanges: L ids; see `EncodedConversation`.
        origins: of each exchange.
        pixel_values: uint8, (N, 3, S, S); N may be 0.
        view_areas: (N, 4); see `View`.
        num_images: that the views are of.
    """

    key: str
    input_ids: list[int]
    labels: list[int]
    exchanges: list[int]
    origins: tuple[Origin, ...]
    pixel_values: Tensor
    view_areas: Tensor
    num_images: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SamplePlaces:
    """Where samples are, by position.

    Attributes:
        builds: which build has it.
        rows: of that build's index.
        exchanges: the first so many of its conversation are used.
    """

    builds: npt.NDArray[np.int16]
    rows: npt.NDArray[np.int64]
    exchanges: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)


class EncodedSamples(Dataset[EncodedSample]):
    """Samples of several builds by position, encoded when they are asked for."""

    def __init__(
        self,
        builds: Sequence[datakit.BuiltDataset],
        processor: EncoderMixtureProcessor,
        places: SamplePlaces,
    ) -> None:
        self.builds = tuple(builds)
        self.processor = processor
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, position: int) -> EncodedSample:
        """Reads and encodes one sample; errors as `encode_sample`, and those of reading."""
        sample = self.builds[self.places.builds[position]][int(self.places.rows[position])]
        exchanges = int(self.places.exchanges[position])
        return encode_sample(sample, self.processor, exchanges=exchanges)

    def key(self, position: int) -> str:
        """Of one sample, unread."""
        build = self.builds[self.places.builds[position]]
        return str(build.index["key"][int(self.places.rows[position])])


def encode_sample(
    sample: datakit.LoadedSample, processor: EncoderMixtureProcessor, *, exchanges: int
) -> EncodedSample:
    """Encodes the first exchanges of a sample and the images that they show.

    Raises:
        DataError: its placeholders and images do not match, or an image cannot be decoded.
    """
    check_placeholders(sample.messages, len(sample.image_bytes), where=sample.id)
    messages = first_exchanges(sample.messages, exchanges)
    views_of_images = _views(sample, processor, count_placeholders(messages))
    counts = [len(views) for views in views_of_images]
    conversation = processor.encode_conversation(messages, views_of_images=counts)
    pixels, areas = processor.image_processor.stack(list(chain(*views_of_images)))
    return EncodedSample(
        key=sample.id,
        input_ids=conversation.input_ids,
        labels=conversation.labels,
        exchanges=conversation.exchanges,
        origins=tuple(Origin(turn.source, turn.template) for turn in sample.provenance.turns),
        pixel_values=pixels,
        view_areas=areas,
        num_images=len(counts),
    )


def shows_upright(sample: Sample) -> bool:
    """Whether its images are turned as EXIF says: not where it has boxes.

    A build's boxes are of the pixels as they are stored.
    """
    return not sample.objects


def views_of_images(sample: datakit.LoadedSample, processor: EncoderMixtureProcessor) -> list[int]:
    """How many views each image has, by the headers of the images.

    Raises:
        DataError: placeholders and images do not match, or an image cannot be opened.
    """
    check_placeholders(sample.messages, len(sample.image_bytes), where=sample.id)
    images, turned = processor.image_processor, shows_upright(sample)
    with _decoding(sample):
        return [images.num_views(image, turned=turned) for image in sample.open_images()]


def _views(
    sample: datakit.LoadedSample, processor: EncoderMixtureProcessor, num_images: int
) -> list[list[View]]:
    images, turned = processor.image_processor, shows_upright(sample)
    with _decoding(sample):
        return [images.views(i, turned=turned) for i in sample.open_images()[:num_images]]


@contextmanager
def _decoding(sample: datakit.LoadedSample) -> Iterator[None]:
    """Names the sample whose image Pillow cannot read."""
    try:
        yield
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{sample.id}: an image cannot be decoded: {error}.") from error


def training_rows(data: datakit.BuiltDataset) -> npt.NDArray[np.int64]:
    """Rows of the samples that are trained on; those of the holdout are not."""
    return np.flatnonzero((data.index["split"] == "train").to_numpy())


def build_texts(builds: Iterable[datakit.BuiltDataset]) -> Iterable[str]:
    """The text of every message that is trained on, to train a tokenizer on."""
    return (
        message.content
        for data in builds
        for row in training_rows(data)
        for message in data.text(int(row)).messages
    )
