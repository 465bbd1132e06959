"""Ways to write a conversation, by name. One YAML in `chat_templates/` adds one."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedTokenizerBase

from datakit.config import load_config
from datakit.registry import data_file
from trainer.model.chat_format import ChatFormat

FOLDER = Path(__file__).parent / "chat_templates"
OWN_START, OWN_END = "{bos}", "{eos}"


def load_chat_template(name: str) -> ChatFormat:
    """Reads a chat template by its file's name.

    In `text_start` and the assistant's `end`, `{bos}` and `{eos}` stand for the tokenizer's own
    tokens of the start and the end of a text; `with_own_tokens` writes them.

    Raises:
        UsageError: no such template; the nearest names are given.
    """
    path = data_file(FOLDER, name, what="chat template")
    return load_config(path, ChatFormat, what="chat template").value


def with_own_tokens(chat_format: ChatFormat, tokenizer: PreTrainedTokenizerBase) -> ChatFormat:
    """Writes the tokenizer's own tokens; a start that it does not have is left out."""
    reply = chat_format.assistant
    end = reply.end.replace(OWN_END, str(tokenizer.eos_token))
    return chat_format.model_copy(
        update={
            "text_start": chat_format.text_start.replace(OWN_START, tokenizer.bos_token or ""),
            "assistant": reply.model_copy(update={"end": end}),
        }
    )
