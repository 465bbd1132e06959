"""The one way from a conversation to tokens, for training and for generation alike.

Text is encoded in one go, as transformers does it, and each token knows the span of the
conversation that it is of: that says whether the model learns it. Nothing is searched for
afterwards, so nothing can be found in the wrong place.

Legend: L tokens.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from transformers import PreTrainedTokenizerBase

from datakit.errors import DataError
from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.chat_format import ChatFormat

IGNORED_LABEL = -100
NO_EXCHANGE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedConversation:
    """Tokens of a conversation and what the model learns of them.

    Attributes:
        input_ids: L ids.
        labels: L ids; -100 where there is nothing to learn. Not shifted.
        exchanges: for each of the L tokens, which of the assistant's turns it is learned in, from
            0; -1 where there is nothing to learn.
    """

    input_ids: list[int]
    labels: list[int]
    exchanges: list[int]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a conversation.

    Attributes:
        is_markup: whether special tokens in the text are tokens; in content they are plain text.
        is_image: whether it is the placeholder of an image.
        exchange: the assistant's turn, from 0, whose words the model learns; -1 elsewhere.
    """

    text: str
    is_markup: bool = False
    is_image: bool = False
    exchange: int = NO_EXCHANGE

    @property
    def is_learned(self) -> bool:
        """Whether the model learns to write it."""
        return self.exchange != NO_EXCHANGE


def spans_of(
    messages: Sequence[Message], chat_format: ChatFormat, *, reply_expected: bool
) -> Iterator[Span]:
    """Cuts a conversation into spans.

    `<image>` is a placeholder in user messages only. The assistant's content and the end of its
    turn are learned.

    Args:
        reply_expected: whether to end with the start of an assistant's turn.
    """
    reply = chat_format.assistant
    exchange = 0
    yield Span(chat_format.text_start, is_markup=True)
    for message in _with_system(messages, chat_format):
        content = message.content.strip() if chat_format.trim_content else message.content
        if message.role == "assistant":
            yield Span(reply.start, is_markup=True)
            yield Span(reply.lead + content, exchange=exchange)
            yield Span(reply.end, is_markup=True, exchange=exchange)
            yield Span(reply.after, is_markup=True)
            exchange += 1
            continue
        start, end = chat_format.around(message.role)
        yield Span(start, is_markup=True)
        pieces = content.split(IMAGE_PLACEHOLDER) if message.role == "user" else [content]
        for index, piece in enumerate(pieces):
            if index > 0:
                yield Span(IMAGE_PLACEHOLDER, is_markup=True, is_image=True)
            yield Span(piece)
        yield Span(end, is_markup=True)
    if reply_expected:
        yield Span(reply.start, is_markup=True)


def encode_conversation(
    messages: Sequence[Message],
    *,
    tokenizer: PreTrainedTokenizerBase,
    chat_format: ChatFormat,
    tokens_of_images: Sequence[int],
    reply_expected: bool = False,
) -> EncodedConversation:
    """Encodes a conversation and labels its tokens.

    A token is of the span that its last character is of.

    Args:
        tokens_of_images: visual tokens of each image, in the order of the placeholders.

    Raises:
        ValueError: there are not as many images as placeholders.
    """
    spans = list(spans_of(messages, chat_format, reply_expected=reply_expected))
    placeholders = sum(span.is_image for span in spans)
    if placeholders != len(tokens_of_images):
        raise ValueError(f"{placeholders} placeholders, but {len(tokens_of_images)} images.")
    images = iter(tokens_of_images)
    input_ids: list[int] = []
    labels: list[int] = []
    exchanges: list[int] = []
    for run in _runs(spans, _special_texts(tokenizer)):
        for token, span in _encode_run(run, tokenizer):
            ids = [token] * next(images) if span.is_image else [token]
            input_ids += ids
            labels += ids if span.is_learned else [IGNORED_LABEL] * len(ids)
            exchanges += [span.exchange] * len(ids)
    return EncodedConversation(input_ids=input_ids, labels=labels, exchanges=exchanges)


def _with_system(messages: Sequence[Message], chat_format: ChatFormat) -> Sequence[Message]:
    """The messages, after the format's own system message where they have none."""
    default = chat_format.default_system
    if default is None or (messages and messages[0].role == "system"):
        return messages
    return [Message(role="system", content=default), *messages]


def _special_texts(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What the tokenizer would take for a special token, wherever it stands."""
    return [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]


def _runs(spans: Sequence[Span], special_texts: Sequence[str]) -> Iterator[list[Span]]:
    """Spans that are encoded in one go; content in which a token would be found is a run alone."""
    together: list[Span] = []
    for span in spans:
        if span.is_markup or not any(text in span.text for text in special_texts):
            together.append(span)
        else:
            yield together
            yield [span]
            together = []
    yield together


def _encode_run(
    run: Sequence[Span], tokenizer: PreTrainedTokenizerBase
) -> Iterator[tuple[int, Span]]:
    """Each token of a run, and the span that it is of."""
    encoded = tokenizer(
        "".join(span.text for span in run),
        add_special_tokens=False,
        split_special_tokens=not any(span.is_markup for span in run),
        return_offsets_mapping=True,
    )
    ends = list(accumulate(len(span.text) for span in run))
    for token, (_, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        yield token, run[bisect_right(ends, max(end - 1, 0))]


def count_placeholders(messages: Sequence[Message]) -> int:
    """How often `<image>` stands in the user messages."""
    users = (message.content for message in messages if message.role == "user")
    return sum(content.count(IMAGE_PLACEHOLDER) for content in users)


def check_placeholders(messages: Sequence[Message], num_images: int, *, where: str) -> None:
    """Checks that each image has its placeholder.

    Raises:
        DataError: the counts differ; both are given.
    """
    found = count_placeholders(messages)
    if found != num_images:
        raise DataError(
            f"{where}: {found} {IMAGE_PLACEHOLDER} in the user messages, but {num_images} images. "
            f"Write {IMAGE_PLACEHOLDER} once where each image belongs."
        )
