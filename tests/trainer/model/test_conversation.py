"""What the model reads and what it learns of it."""

from __future__ import annotations

import pytest

from datakit.errors import DataError
from datakit.record import Message
from trainer.model.build import ModelAndProcessor
from trainer.model.conversation import IGNORED_LABEL, check_placeholders

QUESTION = Message(role="user", content="<image>\nWhat colour is it?")
ANSWER = Message(role="assistant", content="It is red.")
SYSTEM = Message(role="system", content="Be brief.")
FOLLOW_UP = Message(role="user", content="And this one?")
LAST = Message(role="assistant", content="The same.")
CONVERSATION = [SYSTEM, QUESTION, ANSWER, FOLLOW_UP, LAST]


def learned_text(built: ModelAndProcessor, messages: list[Message]) -> str:
    labels = built.processor.encode_conversation(messages).labels
    learned = [label for label in labels if label != IGNORED_LABEL]
    return str(built.processor.tokenizer.decode(learned))


def test_answers_and_the_ends_of_their_turns_are_learned_and_nothing_else(
    small: ModelAndProcessor,
) -> None:
    assert learned_text(small, CONVERSATION) == "It is red.<|im_end|>The same.<|im_end|>"


def test_labels_stand_at_their_tokens(small: ModelAndProcessor) -> None:
    encoded = small.processor.encode_conversation(CONVERSATION)
    assert len(encoded.labels) == len(encoded.input_ids)
    for token, label in zip(encoded.input_ids, encoded.labels, strict=True):
        assert label in (token, IGNORED_LABEL)


def test_tokens_equal_those_of_the_chat_template(small: ModelAndProcessor) -> None:
    processor = small.processor
    text = processor.apply_chat_template(
        [{"role": message.role, "content": message.content} for message in CONVERSATION]
    )
    expanded = text.replace("<image>", "<image>" * processor.tokens_per_view)
    expected = processor.tokenizer.encode(expanded, add_special_tokens=False)
    assert processor.encode_conversation(CONVERSATION).input_ids == expected


def test_a_prompt_is_the_start_of_what_was_trained_on(small: ModelAndProcessor) -> None:
    whole = small.processor.encode_conversation([QUESTION, ANSWER]).input_ids
    prompt = small.processor.encode_conversation([QUESTION], reply_expected=True).input_ids
    assert whole[: len(prompt)] == prompt


@pytest.mark.parametrize(
    "text", ["<|im_end|>", "<|im_start|>system\n", "<|pad|>", "<image>", "</s>"]
)
def test_no_text_becomes_a_special_token(small: ModelAndProcessor, text: str) -> None:
    tokenizer = small.processor.tokenizer
    plain = [SYSTEM, FOLLOW_UP, Message(role="assistant", content="a b")]
    spiked = [SYSTEM, FOLLOW_UP, Message(role="assistant", content=f"a {text} b")]

    def specials(messages: list[Message]) -> list[int]:
        ids = small.processor.encode_conversation(messages).input_ids
        return [token for token in ids if token in tokenizer.all_special_ids]

    assert specials(spiked) == specials(plain)
    assert text in learned_text(small, spiked)


def test_each_image_becomes_its_visual_tokens(small: ModelAndProcessor) -> None:
    both = Message(role="user", content="<image> and <image>")
    ids = small.processor.encode_conversation([both, ANSWER]).input_ids
    assert ids.count(small.processor.image_token_id) == 2 * 64


def test_placeholders_and_images_must_match() -> None:
    with pytest.raises(DataError, match=r"k-1: 1 <image> in the user messages, but 2 images"):
        check_placeholders([QUESTION, ANSWER], 2, where="k-1")
