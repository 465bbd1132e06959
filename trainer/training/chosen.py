"""What of a recipe is done, and with which builds: for training, measuring and checking alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import datakit
from datakit.config import Loaded
from trainer.data.choose import GivenData, choose_builds
from trainer.data.open import open_builds
from trainer.model.check import check_model
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Blend, Recipe
from trainer.training.activations import check_activations
from trainer.training.jobs import Job, choose_jobs, jobs_of, outlines_of
from trainer.training.processes import Processes
from trainer.training.stage_data import AnyData, prepare_data
from trainer.training.trainable import TrainPlan, plan_jobs, trains_embeddings


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Jobs of a recipe and their builds, checked as far as files and names go.

    Attributes:
        jobs: in the recipe's order.
        plans: what each of them trains, by its name.
        blends: builds of each stage, by its name; empty without data.
        builds: by what blends call them.
        embeddings_train: whether any job of the recipe, chosen or not, trains those of tokens.
    """

    recipe: Recipe
    jobs: Sequence[Job]
    plans: Mapping[str, TrainPlan]
    blends: Mapping[str, Blend]
    builds: Mapping[str, datakit.BuiltDataset]
    embeddings_train: bool

    def alike(self, job: Job) -> list[Job]:
        """The jobs of one encoder, or of all together: their samples have the same sizes."""
        return [other for other in self.jobs if other.encoder == job.encoder]

    def data_of(
        self, jobs: Sequence[Job], processor: EncoderMixtureProcessor, processes: Processes
    ) -> Mapping[str, AnyData]:
        """What jobs that are alike train on, by their names."""
        return prepare_data(
            self.recipe,
            [job.stage for job in jobs],
            {job.name: self.blends[job.stage_name] for job in jobs},
            self.builds,
            processor=processor,
            processes=processes,
        )


def choose(
    loaded: Loaded[Recipe], data: GivenData, only: str | None, *, needs_data: bool = True
) -> Chosen:
    """Checks a recipe and opens its builds.

    Args:
        data: as for `fit`.
        needs_data: whether it is an error that there is none.
        only: `STAGE` or `STAGE/ENCODER`; all of them where it is None.

    Raises:
        UsageError: the recipe is wrong, a build is missing, or there is no such stage.
        DataError: a build is faulty.
    """
    check_model(loaded)
    jobs = jobs_of(loaded.value)
    models = outlines_of(jobs)
    plans = plan_jobs(loaded, jobs, models)
    check_activations(models[jobs[-1].encoder], loaded)
    chosen = choose_jobs(jobs, only)
    has_data = data is not None or bool(loaded.value.data)
    blends = choose_builds(loaded, data) if needs_data or has_data else {}
    return Chosen(
        recipe=loaded.value,
        jobs=chosen,
        plans={job.name: plan for job, plan in zip(jobs, plans, strict=True)},
        blends=blends,
        builds=open_builds(blends.values()),
        embeddings_train=any(trains_embeddings(model, plans) for model in models.values()),
    )
