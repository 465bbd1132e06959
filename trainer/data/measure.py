"""What samples take, found out without decoding an image."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import datakit
from datakit.io.orientation import turned_size
from datakit.record import Message, Sample
from trainer.data.exchanges import first_exchanges, num_exchanges
from trainer.data.samples import shows_upright
from trainer.model.conversation import IGNORED_LABEL, check_placeholders, count_placeholders
from trainer.model.processor import EncoderMixtureProcessor

REQUESTS_AT_ONCE = 16  # of a bucket


class Measured(NamedTuple):
    """What one sample takes.

    Attributes:
        tokens: of text and images, of the exchanges that are used.
        label_tokens: of those, the ones that the model learns to write.
        views: that encoders see.
        exchanges: that are used; 0 where not even the first fits.
        all_exchanges: that the sample has.
    """

    tokens: int
    label_tokens: int
    views: int
    exchanges: int
    all_exchanges: int


def measure_rows(
    build: datakit.BuiltDataset,
    rows: Sequence[int],
    processor: EncoderMixtureProcessor,
    *,
    cut_tokens: int | None,
) -> Iterator[Measured]:
    """Measures samples of a build, in the order of `rows`.

    Args:
        cut_tokens: where conversations with more tokens are cut; None where they are not.

    Raises:
        DataError: a sample is damaged, lacks an image, or has more placeholders than images.
    """
    cutter = processor.image_processor.cutter()
    sizes = build.index.select("image_width_px", "image_height_px", "image_orientation")[list(rows)]
    texts = _texts(build, rows)
    for sample, (widths, heights, orientations) in zip(texts, sizes.iter_rows(), strict=True):
        check_placeholders(sample.messages, len(sample.images), where=sample.id)
        turned = shows_upright(sample)
        views = [
            cutter.num_views(*turned_size((width, height), turn if turned else 1))
            for width, height, turn in zip(widths, heights, orientations, strict=True)
        ]
        yield measure_conversation(sample.messages, views, processor, cut_tokens=cut_tokens)


def measure_conversation(
    messages: Sequence[Message],
    views_of_images: Sequence[int],
    processor: EncoderMixtureProcessor,
    *,
    cut_tokens: int | None,
) -> Measured:
    """Measures a conversation, or as many of its first exchanges as fit."""
    total = num_exchanges(messages)

    def measured(count: int) -> Measured:
        first = first_exchanges(messages, count)
        views = views_of_images[: count_placeholders(first)]
        encoded = processor.encode_conversation(first, views_of_images=views)
        learned = sum(label != IGNORED_LABEL for label in encoded.labels[1:])
        return Measured(len(encoded.input_ids), learned, sum(views), count, total)

    whole = measured(total)
    if cut_tokens is None or whole.tokens <= cut_tokens:
        return whole
    fitting = bisect_right(range(1, total + 1), cut_tokens, key=lambda n: measured(n).tokens)
    return measured(fitting) if fitting else whole._replace(exchanges=0)


def _texts(build: datakit.BuiltDataset, rows: Sequence[int]) -> Iterator[Sample]:
    if isinstance(build.path, Path):
        yield from map(build.text, rows)
        return
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        yield from pool.map(build.text, rows)
