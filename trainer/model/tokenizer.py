"""The tokenizer: one that exists, or a small one trained on the build's own text."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from datakit.errors import UsageError
from datakit.record import IMAGE_PLACEHOLDER
from trainer.model.chat_format import ChatFormat
from trainer.model.chat_template import OWN_END

PAD_TOKEN = "<|pad|>"
END_TOKEN = "<|end|>"
# Qwen2.5's words: digits stand alone, and line breaks are cut the same whatever follows them, so
# that a prompt is the start of what was trained on.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(
    texts: Iterable[str], *, vocab_size: int, template: ChatFormat
) -> PreTrainedTokenizerBase:
    """Trains a byte-level BPE tokenizer: any text can be encoded, digits stand alone.

    Args:
        vocab_size: tokens at most, the special ones and the 256 bytes included.
    """
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    stop = _stop_token(template, END_TOKEN)
    special = list(dict.fromkeys([PAD_TOKEN, *template.special_tokens, stop, IMAGE_PLACEHOLDER]))
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        pad_token=PAD_TOKEN,
        eos_token=stop,
        additional_special_tokens=special[1:],
        padding_side="left",
    )


def load_tokenizer(name: str, *, template: ChatFormat) -> tuple[PreTrainedTokenizerBase, list[str]]:
    """Loads a tokenizer by name or path and adds the special tokens that it lacks.

    Returns:
        The tokenizer, and the tokens that were added.

    Raises:
        UsageError: it cannot be loaded.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise UsageError(f"the tokenizer {name!r} cannot be loaded: {error}") from error
    stop = _stop_token(template, tokenizer.eos_token or END_TOKEN)
    known = tokenizer.get_vocab()
    wanted = dict.fromkeys((*template.special_tokens, stop, IMAGE_PLACEHOLDER))
    added = [token for token in wanted if token not in known]
    tokenizer.add_tokens(added, special_tokens=True)
    tokenizer.eos_token = stop
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = stop
    return tokenizer, added


def _stop_token(template: ChatFormat, own_end: str) -> str:
    """The token at which generation stops, where the tokenizer's own for a text's end is given."""
    return template.assistant.end.replace(OWN_END, own_end)
