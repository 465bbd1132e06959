"""What a run does once, before its first stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

import datakit
from datakit.errors import OutputError, UsageError
from datakit.record import IMAGE_PLACEHOLDER
from trainer.data.samples import build_texts
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import load_tokenizer, train_tokenizer
from trainer.recipe import ModelRecipe
from trainer.training.holding import in_turn
from trainer.training.identity import claim_identity
from trainer.training.processes import Processes
from trainer.training.save import whole_folder


def claim_folder(out: Path, identity: Mapping[str, Any], processes: Processes) -> None:
    """Makes the run's folder, or goes on in it.

    Raises:
        OutputError: it holds something else, is another run's, or cannot be written; in all
            processes.
    """
    fault = ""
    if processes.is_main:
        try:
            claim_identity(out, identity)
        except OutputError as error:
            fault = str(error)
        except OSError as error:
            fault = f"{out} cannot be made: {error.strerror}."
    fault = processes.gather(fault)[0]
    if fault:
        raise OutputError(fault)


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
    name = recipe.tokenizer_name
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
        with in_turn(folder.parent):
            if not folder.is_dir():
                size = recipe.tokenizer_vocab_size
                trainee = train_tokenizer(build_texts(builds), vocab_size=size, template=template)
                with whole_folder(folder) as temporary:
                    trainee.save_pretrained(temporary)
    processes.wait()
    trained: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    paths = ", ".join(str(build.path) for build in builds)
    processes.tell(f"tokenizer: {len(trained):,} tokens, trained on the text of {paths}")
    return trained
