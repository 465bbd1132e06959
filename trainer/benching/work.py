"""A job of a recipe, ready to be stepped, in a folder that goes when it is done."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datakit
from datakit.config import Loaded
from trainer.data.choose import GivenData, choose_builds
from trainer.data.open import open_builds
from trainer.model.build import ModelAndProcessor, build_model
from trainer.model.chat_template import load_chat_template
from trainer.model.check import check_model
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import Blend, Recipe, StageRecipe
from trainer.training.engine import DTYPES, cast_weights, start_engine
from trainer.training.jobs import Job, choose_jobs, jobs_of, outlines_of
from trainer.training.packing_check import check_packing
from trainer.training.prepare import make_tokenizer
from trainer.training.processes import Processes
from trainer.training.sample_log import SampleLog
from trainer.training.stage import make_trainable
from trainer.training.stage_data import AnyData, prepare_data
from trainer.training.trainable import TrainPlan, optimizer_groups, plan_jobs
from trainer.training.watch.counts import Meter, make_meter
from trainer.training.watch.guard import LossGuard
from trainer.training.watch.stage import StageWatch

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


def build_job(chosen: Chosen, job: Job, folder: Path, processes: Processes) -> ModelAndProcessor:
    """The model of a job with the recipe's first weights, wherever the job itself would start."""
    recipe = chosen.recipe
    if chosen.builds or recipe.model.tokenizer_name is not None:
        tokenizer = make_tokenizer(
            recipe.model,
            list(chosen.builds.values()),
            folder=folder / "tokenizer",
            embeddings_train=True,
            processes=processes,
        )
    else:
        tokenizer = train_tokenizer(
            WORDS,
            vocab_size=recipe.model.tokenizer_vocab_size,
            template=load_chat_template(recipe.model.chat_template),
        )
    return build_model(job.model, tokenizer, seed=recipe.seed)


def data_of(
    chosen: Chosen, job: Job, built: ModelAndProcessor, processes: Processes
) -> AnyData | None:
    """What a job trains on; None without data."""
    if not chosen.blends:
        return None
    blend = chosen.blends[job.stage_name]
    found = prepare_data(
        chosen.recipe,
        [job.stage],
        {job.name: blend},
        chosen.builds,
        processor=built.processor,
        processes=processes,
    )
    return found[job.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A job's engine, to be stepped."""

    engine: Any
    stage: StageRecipe
    meter: Meter
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
        watch = StageWatch(
            log=SampleLog(Path(folder), most_faulty=10**9, processes=processes),
            guard=LossGuard(
                Path(folder), job.name, spike_factor=None, before=(), processes=processes
            ),
            meter=meter,
        )
        yield Bench(engine=engine, stage=job.stage, meter=meter, watch=watch)
    engine.destroy()
