"""The tokenizer: one that exists, or a small one trained on the build's own text."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from datakit.errors import UsageError
from datakit.record import IMAGE_PLACEHOLDER
from trainer.model.chat_template import ChatTemplate

PAD_TOKEN = "<|pad|>"


def train_tokenizer(
    texts: Iterable[str], *, vocab_size: int, template: ChatTemplate
) -> PreTrainedTokenizerBase:
    """Trains a byte-level BPE tokenizer: any text can be encoded, digits stand alone.

    Args:
        vocab_size: tokens at most, the special ones and the 256 bytes included.
    """
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    special = [PAD_TOKEN, *template.special_tokens, IMAGE_PLACEHOLDER]
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
        eos_token=template.turn_end,
        additional_special_tokens=special[1:],
        padding_side="left",
    )


def token_id(tokenizer: PreTrainedTokenizerBase, token: str) -> int:
    """The id of one token that the tokenizer holds."""
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int) and found != tokenizer.unk_token_id, f"{token} is no token"
    return found


def load_tokenizer(
    name: str, *, template: ChatTemplate
) -> tuple[PreTrainedTokenizerBase, list[str]]:
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
    known = tokenizer.get_vocab()
    added = [t for t in (*template.special_tokens, IMAGE_PLACEHOLDER) if t not in known]
    tokenizer.add_tokens(added, special_tokens=True)
    tokenizer.eos_token = template.turn_end
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = template.turn_end
    return tokenizer, added
