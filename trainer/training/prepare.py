"""What a run does once, before its first stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

import datakit
from datakit.config import Loaded
from datakit.errors import ConfigError, DataError, OutputError, Problem
from trainer.data.samples import EncodedSamples, build_texts
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import load_tokenizer, train_tokenizer
from trainer.recipe import ModelRecipe, Recipe
from trainer.training.identity import claim_identity
from trainer.training.processes import Processes
from trainer.training.save import whole_folder


def check_batches(loaded: Loaded[Recipe], num_processes: int) -> None:
    """Checks that every stage's batch divides over the processes.

    Raises:
        ConfigError: it does not; all stages at once.
    """
    problems = [
        Problem(
            where=loaded.where("stages", index, "batch_samples"),
            key=f"stages[{index}].batch_samples",
            found=f"{stage.batch_samples} samples do not divide over {num_processes} processes.",
            mend=f"Make it a multiple of {num_processes}.",
        )
        for index, stage in enumerate(loaded.value.stages)
        if stage.batch_samples % num_processes
    ]
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)


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
    build: datakit.BuiltDataset,
    rows: Sequence[int],
    *,
    folder: Path,
    processes: Processes,
) -> PreTrainedTokenizerBase:
    """The recipe's tokenizer, the same in every process; a trained one is written to `folder`."""
    template = load_chat_template(recipe.chat_template)
    name = recipe.tokenizer_name
    if name is not None:
        tokenizer, added = load_tokenizer(name, template=template)
        if added:
            tokens = f"{len(added)} token{'s' if len(added) > 1 else ''}"
            processes.tell(
                f"tokenizer {name}: added {tokens} that it lacks: {', '.join(added)}; "
                "their embeddings are not trained yet"
            )
        return tokenizer
    if processes.is_main and not folder.is_dir():
        texts = build_texts(build, rows)
        size = recipe.tokenizer_vocab_size
        with whole_folder(folder) as temporary:
            trainee = train_tokenizer(texts, vocab_size=size, template=template)
            trainee.save_pretrained(temporary)
    processes.wait()
    trained: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    processes.tell(f"tokenizer: {len(trained):,} tokens, trained on the text of {build.path}")
    return trained


def drop_long_samples(
    samples: EncodedSamples, max_tokens: int, processes: Processes
) -> EncodedSamples:
    """Drops samples with more than `max_tokens`, and says how many.

    Raises:
        DataError: none is left.
    """
    positions = range(len(samples))
    own = [(at, samples.num_tokens(at)) for at in processes.share_of(positions)]
    lengths = dict(pair for part in processes.gather(own) for pair in part)
    kept = [samples.rows[at] for at in positions if lengths[at] <= max_tokens]
    longest = max(lengths.values(), default=0)
    if not kept:
        raise DataError(
            f"{samples.data.path}: none of {len(samples):,} training samples has at most "
            f"{max_tokens:,} tokens; the longest has {longest:,}. Raise max_tokens."
        )
    processes.tell(
        f"data: {len(kept):,} samples of {samples.data.path}; the longest has {longest:,} tokens; "
        f"{len(samples) - len(kept):,} of more than {max_tokens:,} dropped"
    )
    return EncodedSamples(samples.data, samples.processor, kept)
