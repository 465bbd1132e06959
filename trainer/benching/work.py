"""A job of a recipe, ready to be stepped, in a folder that goes when it is done."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

import datakit
from datakit.config import Loaded
from trainer.data.choose import GivenData, choose_builds
from trainer.data.open import open_builds
from trainer.model.build import ModelAndProcessor
from trainer.model.chat_template import load_chat_template
from trainer.model.check import check_model
from trainer.model.processor import EncoderMixtureProcessor
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import Blend, Recipe, StageRecipe
from trainer.training.engine import DTYPES, cast_weights, start_engine
from trainer.training.jobs import Job, choose_jobs, jobs_of, outlines_of
from trainer.training.packing_check import check_packing
from trainer.training.prepare import make_tokenizer
from trainer.training.processes import Processes
from trainer.training.ready import make_trainable
from trainer.training.stage_data import AnyData, prepare_data
from trainer.training.trainable import TrainPlan, optimizer_groups, plan_jobs
from trainer.training.watch.counts import make_meter
from trainer.training.watch.stage import StageWatch, watch_stage

WORDS = ["What is in the picture? Something that is drawn for measuring."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of a recipe is measured.

    Attributes:
        plans: of the jobs, beside them.
        blends: builds of each stage, by its name; empty without data.
        builds: by what blends call them.
    """

    recipe: Recipe
    jobs: list[Job]
    plans: list[TrainPlan]
    blends: Mapping[str, Blend]
    builds: Mapping[str, datakit.BuiltDataset]


def choose(loaded: Loaded[Recipe], data: GivenData, stage: str | None) -> Chosen:
    """The jobs of a recipe and their builds.

    Args:
        stage: as for `fit`; all of them where it is None.
    """
    check_model(loaded)
    blends = {} if data is None and not loaded.value.data else choose_builds(loaded, data)
    jobs = jobs_of(loaded.value)
    plans = plan_jobs(loaded, jobs, outlines_of(jobs))
    of_jobs = dict(zip((job.name for job in jobs), plans, strict=True))
    chosen = choose_jobs(jobs, stage)
    return Chosen(
        recipe=loaded.value,
        jobs=chosen,
        plans=[of_jobs[job.name] for job in chosen],
        blends=blends,
        builds=open_builds(blends.values()),
    )


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
            embeddings_train=True,
            processes=processes,
        )
    template = load_chat_template(model.chat_template)
    return train_tokenizer(WORDS, vocab_size=model.tokenizer_vocab_size, template=template)


def data_of(
    chosen: Chosen,
    jobs: Sequence[Job],
    processor: EncoderMixtureProcessor,
    processes: Processes,
) -> Mapping[str, AnyData]:
    """What jobs of one encoder, or of all together, train on, by their names."""
    return prepare_data(
        chosen.recipe,
        [job.stage for job in jobs],
        {job.name: chosen.blends[job.stage_name] for job in jobs},
        chosen.builds,
        processor=processor,
        processes=processes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A job's engine, to be stepped."""

    engine: Any
    stage: StageRecipe
    watch: StageWatch


@contextmanager
def ready(
    chosen: Chosen, job: Job, plan: TrainPlan, built: ModelAndProcessor, processes: Processes
) -> Iterator[Bench]:
    """Makes a job's model ready to train; its engine goes in the end."""
    recipe, model = chosen.recipe, built.model
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
