"""What a run does once, before its first stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

import datakit
from datakit.errors import OutputError, UsageError
from datakit.record import IMAGE_PLACEHOLDER
from trainer.data.samples import build_texts
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import load_tokenizer, train_tokenizer
from trainer.recipe import ModelRecipe
from trainer.training.processes import Processes


def claim_folder(out: Path, processes: Processes) -> None:
    """Makes the run's folder.

    Raises:
        OutputError: it holds something already, or cannot be written.
    """
    taken = out.is_dir() and any(out.iterdir())
    processes.wait()
    if taken:
        raise OutputError(f"{out} holds something already. Give --out a new folder, or remove it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be made: {error.strerror}.") from error


def make_tokenizer(
    recipe: ModelRecipe,
    builds: Sequence[datakit.BuiltDataset],
    *,
    folder: Path,
    embeddings_train: bool,
    processes: Processes,
) -> PreTrainedTokenizerBase:
    """The recipe's tokenizer, the same in every process; a trained one is written to `folder`.

    Args:
        embeddings_train: whether any stage trains the embeddings, those of new tokens among them.

    Raises:
        UsageError: it cannot be loaded; or it lacks tokens of the chat template, whose embeddings
            no stage trains.
    """
    template = load_chat_template(recipe.chat_template)
    name = recipe.tokenizer
    if name is None and isinstance(recipe.language_model, str):
        name = recipe.language_model
    if name is not None:
        tokenizer, added = load_tokenizer(name, template=template)
        untrained = [token for token in added if token != IMAGE_PLACEHOLDER]
        if untrained and not embeddings_train:
            raise UsageError(
                f"the tokenizer {name!r} lacks {', '.join(untrained)} of the chat template "
                f"{recipe.chat_template!r}, and no stage trains their embeddings. Choose the chat "
                "template that the language model was tuned with, or train `language_model`."
            )
        if added:
            tokens = f"{len(added)} token{'s' if len(added) > 1 else ''}"
            processes.tell(
                f"tokenizer {name}: added {tokens} that it lacks: {', '.join(added)}; "
                "their embeddings are not trained yet"
            )
        return tokenizer
    if processes.is_main:
        texts = build_texts(builds)
        size = recipe.tokenizer_vocab_size
        train_tokenizer(texts, vocab_size=size, template=template).save_pretrained(folder)
    processes.wait()
    trained: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    paths = ", ".join(str(build.path) for build in builds)
    processes.tell(f"tokenizer: {len(trained):,} tokens, trained on the text of {paths}")
    return trained
