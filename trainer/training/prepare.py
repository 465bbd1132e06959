"""What a run does once, before its first stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoTokenizer, PreTrainedTokenizerBase

import datakit
from datakit.errors import DataError, OutputError
from trainer.data.loader import StageData
from trainer.data.order import Draw
from trainer.data.samples import EncodedSamples, build_texts
from trainer.data.sizes import SampleSizes
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import load_tokenizer, train_tokenizer
from trainer.recipe import ModelRecipe
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


def drop_long_samples(samples: EncodedSamples, max_tokens: int, processes: Processes) -> StageData:
    """Drops samples with more than `max_tokens`, and says how many.

    Raises:
        DataError: none is left.
    """
    positions = range(len(samples))
    own = [(at, *samples.measure(at)) for at in processes.share_of(positions)]
    measured = sorted(row for part in processes.gather(own) for row in part)
    counts = np.array([row[1:] for row in measured], dtype=np.int32).reshape(-1, 3)
    fits = counts[:, 0] <= max_tokens
    kept = [samples.rows[at] for at in positions if fits[at]]
    longest = int(counts[:, 0].max(initial=0))
    if not kept:
        raise DataError(
            f"{samples.data.path}: none of {len(samples):,} training samples has at most "
            f"{max_tokens:,} tokens; the longest has {longest:,}. Raise max_tokens."
        )
    processes.tell(
        f"data: {len(kept):,} samples of {samples.data.path}; the longest has {longest:,} tokens; "
        f"{len(samples) - len(kept):,} of more than {max_tokens:,} dropped"
    )
    tokens, label_tokens, views = counts[fits].T
    return StageData(
        samples=EncodedSamples(samples.data, samples.processor, kept),
        sizes=SampleSizes(tokens=tokens, label_tokens=label_tokens, views=views),
        draws=(Draw(samples=len(kept), drawn=len(kept)),),
    )
