"""What a run does, one after the other: a stage, or one encoder's share of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from datakit.errors import UsageError, nearest
from trainer.encoders import encoder_name
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.outline import outline_model
from trainer.recipe import EncoderChoice, ModelRecipe, PartChoice, Recipe, StageRecipe

# Eagle's: each encoder's grid, resized to the shared one.
ALONE = PartChoice(type="channel-concat")
SEPARATE = "separate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stage, or an encoder's share of one with `each_encoder`.

    Attributes:
        index: of the stage in the recipe.
        encoder: its name; None where all of the model trains.
        stage: as in the recipe, but its name is that of the job's folder in the run:
            `pre-align/clip-448`.
        model: the recipe's, or that of the encoder alone.
        experts_of: the stage that left the weights of the encoders to start from; None for those
            that the recipe names.
    """

    index: int
    encoder: str | None
    stage: StageRecipe
    model: ModelRecipe
    experts_of: str | None

    @property
    def name(self) -> str:
        """What `--stage` calls it."""
        return self.stage.name

    @property
    def stage_name(self) -> str:
        """What the recipe calls its stage."""
        return self.name.partition("/")[0]

    @property
    def starts_from(self) -> list[str]:
        """The jobs whose models it starts from."""
        if self.stage.from_stage is not None:
            return [self.stage.from_stage]
        if self.experts_of is None:
            return []
        names = (encoder_name(encoder.as_map()) for encoder in self.model.encoders)
        return [f"{self.experts_of}/{name}" for name in names]


def jobs_of(recipe: Recipe) -> list[Job]:
    """All that a recipe trains, in its order."""
    return [job for index in range(len(recipe.stages)) for job in _jobs_of_stage(recipe, index)]


def outlines_of(jobs: Iterable[Job]) -> dict[str | None, EncoderMixtureForConditionalGeneration]:
    """The models of all jobs on the meta device, by the encoder that they are of."""
    models = {job.encoder: job.model for job in jobs}
    return {encoder: outline_model(model) for encoder, model in models.items()}


def choose_jobs(jobs: Sequence[Job], only: str | None) -> list[Job]:
    """The jobs of one stage, or one encoder's share of it; all of them where none is named.

    Args:
        only: `STAGE` or `STAGE/ENCODER`.

    Raises:
        UsageError: no such job; the nearest names are given.
    """
    if only is None:
        return list(jobs)
    chosen = [job for job in jobs if only in (job.name, job.stage_name)]
    if not chosen:
        names = dict.fromkeys(name for job in jobs for name in (job.stage_name, job.name))
        raise UsageError(f"the recipe has no stage {only!r}. {nearest(only, list(names))}")
    return chosen


def model_of_encoder(model: ModelRecipe, encoder: EncoderChoice) -> ModelRecipe:
    """The model of one encoder, with a projector of its own before the same language model.

    Its grid is resized to the shared one, unless the recipe's projector takes grids as they are.
    """
    fusion = model.fusion if model.fusion.type == SEPARATE else ALONE
    return model.model_copy(update={"encoders": (encoder,), "fusion": fusion})


def _jobs_of_stage(recipe: Recipe, index: int) -> Iterator[Job]:
    stage = recipe.stages[index]
    earlier = [other.name for other in recipe.stages[:index] if other.each_encoder]
    experts_of = earlier[-1] if earlier and stage.from_stage is None else None
    if not stage.each_encoder:
        model = recipe.model
        yield Job(index=index, encoder=None, stage=stage, model=model, experts_of=experts_of)
        return
    for encoder in recipe.model.encoders:
        name = encoder_name(encoder.as_map())
        yield Job(
            index=index,
            encoder=name,
            stage=stage.model_copy(update={"name": f"{stage.name}/{name}"}),
            model=model_of_encoder(recipe.model, encoder),
            experts_of=experts_of,
        )
