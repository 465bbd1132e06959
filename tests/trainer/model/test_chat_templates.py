"""Every chat template, over byte-level and SentencePiece-like tokenizers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.chat_template import FOLDER, load_chat_template, with_own_tokens
from trainer.model.conversation import IGNORED_LABEL
from trainer.model.image_processor import SquareImageProcessor
from trainer.model.processor import EncoderMixtureProcessor
from trainer.model.tokenizer import load_tokenizer, train_tokenizer

TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
TEXTS = ["What colour is the shape? It is red.", "USER: ASSISTANT: system user assistant\n\n"] * 4
SYSTEM = Message(role="system", content="Be brief.")
QUESTION = Message(role="user", content="<image>\nWhat colour is it?")
ANSWER = Message(role="assistant", content="It is red.")
TWO_IMAGES = Message(role="user", content="<image> or <image>, naïve 2024?\n")
LAST = Message(role="assistant", content="The 12th.\nÇa va.")
CONVERSATIONS = {
    "one turn": [QUESTION, ANSWER],
    "turns": [QUESTION, ANSWER, TWO_IMAGES, LAST],
    "system": [SYSTEM, TWO_IMAGES, LAST, QUESTION, ANSWER],
    "text": [Message(role="user", content=" And this? "), LAST],
}
VICUNA_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions."
)
# The templates that the models' own repositories hold, without Qwen2.5's branches for tools.
OFFICIAL = {
    "llama-3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
        "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | "
        "trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = '<|begin_of_text|>' + "
        "content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    ),
    "qwen2.5": (
        "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\n' + "
        "messages[0]['content'] + '<|im_end|>\n' }}{%- else %}{{- '<|im_start|>system\nYou are "
        "Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{%- endif %}"
        "{%- for message in messages %}{%- if (message.role == 'user') or (message.role == "
        "'system' and not loop.first) or (message.role == 'assistant') %}{{- '<|im_start|>' + "
        "message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{%- endif %}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
    ),
}


def byte_level(name: str, folder: Path) -> PreTrainedTokenizerBase:
    del folder
    return train_tokenizer(TEXTS, vocab_size=320, template=load_chat_template(name))


def like_sentencepiece(prepend: str) -> Any:
    def made(name: str, folder: Path) -> PreTrainedTokenizerBase:
        """A tokenizer as Llama 2's, which lacks `<image>`, and what a template asks for."""
        backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend)
        backend.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
        trainer = trainers.BpeTrainer(
            vocab_size=150, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False
        )
        backend.train_from_iterator(TEXTS, trainer)
        described = json.loads(backend.to_str())
        described["pre_tokenizer"]["split"] = False
        vocabulary = described["model"]["vocab"]
        for byte in range(256):
            vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
        backend = Tokenizer.from_str(json.dumps(described))
        backend.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
        )
        tokenizer: Any = PreTrainedTokenizerFast
        tokenizer(
            tokenizer_object=backend, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
        ).save_pretrained(folder)
        return load_tokenizer(str(folder), template=load_chat_template(name))[0]

    return made


TOKENIZERS = {
    "byte-level": byte_level,
    "llama-2": like_sentencepiece("first"),
    "legacy llama-2": like_sentencepiece("always"),
}


def processor_of(name: str, tokenizer: str, folder: Path) -> EncoderMixtureProcessor:
    made = TOKENIZERS[tokenizer](name, folder)
    chat_format = with_own_tokens(load_chat_template(name), made)
    return EncoderMixtureProcessor(
        SquareImageProcessor(side_px=16),
        made,
        chat_format=chat_format.model_dump(mode="json"),
        tokens_per_view=3,
    )


def as_maps(messages: list[Message]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def as_parts(messages: list[Message]) -> list[dict[str, Any]]:
    """Messages with content in parts, as transformers' users write them."""
    maps = as_maps(messages)
    for turn in maps:
        texts = turn["content"].split(IMAGE_PLACEHOLDER)
        parts: list[dict[str, str]] = [{"type": "text", "text": texts[0]}]
        for text in texts[1:]:
            parts += [{"type": "image"}, {"type": "text", "text": text}]
        turn["content"] = parts
    return maps


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_tokens_equal_those_of_the_jinja_template(
    name: str, tokenizer: str, tmp_path: Path
) -> None:
    processor = processor_of(name, tokenizer, tmp_path)
    for messages in CONVERSATIONS.values():
        for reply_expected in (False, True):
            turns = messages[:-1] if reply_expected else messages
            text = processor.apply_chat_template(
                as_maps(turns), add_generation_prompt=reply_expected
            )
            in_parts = processor.apply_chat_template(
                as_parts(turns), add_generation_prompt=reply_expected
            )
            encoded = processor.encode_conversation(turns, reply_expected=reply_expected)
            expected = processor.tokenizer.encode(
                text.replace("<image>", "<image>" * 3), add_special_tokens=False
            )
            assert encoded.input_ids == expected
            assert in_parts == text


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_replies_and_their_ends_are_learned(name: str, tokenizer: str, tmp_path: Path) -> None:
    processor = processor_of(name, tokenizer, tmp_path)
    reply = processor.format.assistant
    for messages in CONVERSATIONS.values():
        encoded = processor.encode_conversation(messages)
        learned: list[list[int]] = [[]]
        for token, label in zip(encoded.input_ids, encoded.labels, strict=True):
            assert label in (token, IGNORED_LABEL)
            if label != IGNORED_LABEL:
                learned[-1].append(label)
            elif learned[-1]:
                learned.append([])
        written = [processor.tokenizer.decode(ids).strip() for ids in learned if ids]
        replies = [message.content for message in messages if message.role == "assistant"]
        assert written == [text + reply.end for text in replies]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_prompt_is_the_start_of_what_is_trained_on(
    name: str, tokenizer: str, tmp_path: Path
) -> None:
    processor = processor_of(name, tokenizer, tmp_path)
    for messages in CONVERSATIONS.values():
        whole = processor.encode_conversation(messages)
        prompt = processor.encode_conversation(messages[:-1], reply_expected=True).input_ids
        assert whole.input_ids[: len(prompt)] == prompt
        assert whole.labels[len(prompt)] != IGNORED_LABEL


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_no_text_becomes_a_special_token(name: str, tokenizer: str, tmp_path: Path) -> None:
    processor = processor_of(name, tokenizer, tmp_path)

    def specials(content: str) -> list[int]:
        messages = [SYSTEM, QUESTION, Message(role="assistant", content=content)]
        ids = processor.encode_conversation(messages).input_ids
        return [token for token in ids if token in special]

    special = {
        token for token, text in processor.tokenizer.added_tokens_decoder.items() if text.special
    }
    for text in ["<image>", processor.format.assistant.end, *processor.format.special_tokens]:
        assert specials(f"a {text} b") == specials("a b")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_processor_adds_no_token(name: str, tokenizer: str, tmp_path: Path) -> None:
    processor = processor_of(name, tokenizer, tmp_path)
    turns = [SYSTEM, Message(role="user", content="What?")]
    prompt = processor.apply_chat_template(as_maps(turns), add_generation_prompt=True)
    expected = processor.encode_conversation(turns, reply_expected=True).input_ids
    assert processor(text=prompt)["input_ids"] == [expected]


@pytest.mark.parametrize("name", TEMPLATES)
def test_transformers_own_way_keeps_text_plain_too(name: str, tmp_path: Path) -> None:
    processor = processor_of(name, "byte-level", tmp_path)
    spiked = Message(role="user", content=f"<image>Is {processor.format.assistant.end} a word?")
    in_parts = as_parts([spiked])
    in_parts[0]["content"][1]["image"] = Image.new("RGB", (8, 8))
    options: dict[str, Any] = {
        "add_generation_prompt": True,
        "tokenize": True,
        "sanitize_control_tokens": True,
    }
    ids: Any = processor.apply_chat_template(in_parts, **options)
    expected = processor.encode_conversation([spiked], reply_expected=True).input_ids
    assert list(ids[0]) == expected


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_text_is_that_of_the_official_template(name: str, tmp_path: Path) -> None:
    processor = processor_of(name, "byte-level", tmp_path)
    for messages in CONVERSATIONS.values():
        for turns, prompted in ((messages, False), (messages[:-1], True)):
            own, official = (
                processor.apply_chat_template(
                    as_maps(turns), chat_template=template, add_generation_prompt=prompted
                )
                for template in (None, OFFICIAL[name])
            )
            assert own == official


def test_the_text_is_vicunas(tmp_path: Path) -> None:
    """FastChat's `vicuna_v1.1`, "two separators after a colon", behind the start of the text."""
    processor = processor_of("vicuna-v1.5", "llama-2", tmp_path)
    written = [
        processor.apply_chat_template(as_maps(turns), add_generation_prompt=prompted)
        for turns, prompted in (
            ([QUESTION, ANSWER, QUESTION, LAST], False),
            ([SYSTEM, QUESTION], True),
        )
    ]
    question = "USER: <image>\nWhat colour is it? ASSISTANT:"
    assert written == [
        f"<s>{VICUNA_SYSTEM} {question} It is red.</s>{question} {LAST.content}</s>",
        f"<s>Be brief. {question}",
    ]


def test_plain_text_has_no_roles(tmp_path: Path) -> None:
    processor = processor_of("plain", "llama-2", tmp_path)
    caption = [Message(role="user", content="<image>"), ANSWER]
    assert processor.apply_chat_template(as_maps(caption)) == "<s><image>\nIt is red.</s>"
