"""A job of a recipe, ready to be stepped, in a folder that goes when it is done."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from trainer.model.build import ModelAndProcessor
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import StageRecipe
from trainer.training.chosen import Chosen
from trainer.training.engine import DTYPES, cast_weights, start_engine
from trainer.training.jobs import Job
from trainer.training.packing_check import check_packing
from trainer.training.prepare import make_tokenizer
from trainer.training.processes import Processes
from trainer.training.ready import make_trainable
from trainer.training.trainable import optimizer_groups
from trainer.training.watch.counts import make_meter
from trainer.training.watch.stage import StageWatch, watch_stage

WORDS = ["What is in the picture? Something that is drawn for measuring."]


def tokenizer_of(chosen: Chosen, folder: Path, processes: Processes) -> PreTrainedTokenizerBase:
    """The tokenizer of a recipe; without data one that is to be trained knows few words.

    Args:
        folder: where it may be kept for a while.
    """
    model = chosen.recipe.model
    if chosen.builds or model.tokenizer_name is not None:
        return make_tokenizer(
            model,
            list(chosen.builds.values()),
            folder=folder / "tokenizer",
            embeddings_train=chosen.embeddings_train,
            processes=processes,
        )
    template = load_chat_template(model.chat_template)
    return train_tokenizer(WORDS, vocab_size=model.tokenizer_vocab_size, template=template)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A job's engine, to be stepped."""

    engine: Any
    stage: StageRecipe
    watch: StageWatch


@contextmanager
def ready(
    chosen: Chosen, job: Job, built: ModelAndProcessor, processes: Processes
) -> Iterator[Bench]:
    """Makes a job's model ready to train; its engine goes in the end."""
    recipe, model, plan = chosen.recipe, built.model, chosen.plans[job.name]
    if recipe.packing:
        check_packing(model)
    meter = make_meter(model, plan, recipe, processes)
    cast_weights(model, DTYPES[recipe.precision])
    make_trainable(model, recipe, job.stage, plan, processes)
    groups = optimizer_groups(model, plan, job.stage)
    engine = start_engine(model, groups, recipe=recipe, stage=job.stage, processes=processes)
    with tempfile.TemporaryDirectory() as folder:
        watch = watch_stage(
            Path(folder),
            job.name,
            spike_factor=None,
            most_faulty=sys.maxsize,
            before=(),
            meter=meter,
            processes=processes,
        )
        yield Bench(engine=engine, stage=job.stage, watch=watch)
    engine.destroy()
