"""The one way from a conversation to tokens, for training and for generation alike.

Labels are built while the tokens are: each span of text is encoded by itself and says whether the
model learns it. Nothing is searched for afterwards, so nothing can be found in the wrong place.

Legend: L tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from datakit.errors import DataError
from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.chat_template import ChatTemplate

IGNORED_LABEL = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedConversation:
    """Tokens of a conversation and what the model learns of them.

    Attributes:
        input_ids: L ids.
        labels: L ids; -100 where there is nothing to learn. Not shifted.
    """

    input_ids: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a conversation.

    Attributes:
        is_markup: whether special tokens in the text are tokens; in content they are plain text.
        is_image: whether it stands for one image; its text is then empty.
        is_learned: whether the model learns to write it.
    """

    text: str
    is_markup: bool = False
    is_image: bool = False
    is_learned: bool = False


def spans_of(
    messages: Sequence[Message], template: ChatTemplate, *, reply_expected: bool
) -> Iterator[Span]:
    """Cuts a conversation into spans.

    `<image>` is a placeholder in user messages only. The assistant's content and the end of its
    turn are learned.

    Args:
        reply_expected: whether to end with the start of an assistant's turn.
    """
    for message in messages:
        learned = message.role == "assistant"
        yield Span(template.start_of(message.role), is_markup=True)
        pieces = message.content.split(IMAGE_PLACEHOLDER) if message.role == "user" else None
        for index, piece in enumerate(pieces or [message.content]):
            if index > 0:
                yield Span("", is_image=True)
            yield Span(piece, is_learned=learned)
        yield Span(template.turn_end, is_markup=True, is_learned=learned)
        yield Span(template.separator, is_markup=True)
    if reply_expected:
        yield Span(template.start_of("assistant"), is_markup=True)


def encode_conversation(
    messages: Sequence[Message],
    *,
    tokenizer: PreTrainedTokenizerBase,
    template: ChatTemplate,
    image_token_id: int,
    tokens_of_images: Sequence[int],
    reply_expected: bool = False,
) -> EncodedConversation:
    """Encodes a conversation and labels it, span by span.

    Args:
        tokens_of_images: visual tokens of each image, in the order of the placeholders.

    Raises:
        ValueError: there are not as many images as placeholders.
    """
    spans = list(spans_of(messages, template, reply_expected=reply_expected))
    placeholders = sum(span.is_image for span in spans)
    if placeholders != len(tokens_of_images):
        raise ValueError(f"{placeholders} placeholders, but {len(tokens_of_images)} images.")
    images = iter(tokens_of_images)
    input_ids: list[int] = []
    labels: list[int] = []
    for span in spans:
        if span.is_image:
            ids = [image_token_id] * next(images)
        else:
            ids = tokenizer.encode(
                span.text, add_special_tokens=False, split_special_tokens=not span.is_markup
            )
        input_ids += ids
        labels += ids if span.is_learned else [IGNORED_LABEL] * len(ids)
    return EncodedConversation(input_ids=input_ids, labels=labels)


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
