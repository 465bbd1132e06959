"""What a person writes to train a model: the recipe. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from datakit.config import Loaded, load_config
from datakit.errors import nearest
from datakit.registry import data_file
from trainer.settings import Settings

SHIPPED_RECIPES = Path(__file__).parent / "recipes"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Choice(BaseModel):
    """Names one of several things; its other keys are checked by the thing that it names."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_map(self) -> dict[str, Any]:
        """The name and the other keys."""
        return self.model_dump()


class PartChoice(Choice):
    """A fusion, a projector or a geometry: its `type` and its keys. A bare string is the type."""

    type: str


class EncoderChoice(Choice):
    """An encoder: the name of its `preset`, and the keys that differ from it.

    A bare string is the preset. An `architecture` of timm needs none.
    """

    preset: str | None = None

    @model_validator(mode="after")
    def _is_named(self) -> EncoderChoice:
        if self.preset is None and "architecture" not in (self.model_extra or {}):
            raise ValueError("an encoder has a preset, or an architecture of timm.")
        for key in ("architecture", "family", "name"):
            value = (self.model_extra or {}).get(key, "")
            if not isinstance(value, str):
                raise ValueError(f"`{key}` is {value!r}, and must be text.")
        return self


def _bare(key: str) -> BeforeValidator:
    """Lets a bare string stand for the map `{key: string}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _both_sides() -> BeforeValidator:
    """Lets one number stand for height and width."""
    return BeforeValidator(lambda value: (value, value) if isinstance(value, int) else value)


class ModelRecipe(Settings):
    """The model.

    Attributes:
        language_model: name or path of one with weights; or a map that describes one with random
            weights: `model_type` and the keys of its configuration, without `vocab_size`.
        tokenizer: name or path; null for the language model's own or, where that is a map, one
            trained on the build's text.
        tokenizer_vocab_size: tokens of a trained tokenizer at most.
        chat_template: how conversations are written.
        grid: side of the shared grid, in cells; or its height and width.
        geometry: how images become square views.
    """

    language_model: str | dict[str, Any]
    tokenizer: str | None = None
    tokenizer_vocab_size: Annotated[int, Field(ge=300)] = 1024
    chat_template: str = "chatml"
    encoders: Annotated[tuple[Annotated[EncoderChoice, _bare("preset")], ...], Field(min_length=1)]
    fusion: Annotated[PartChoice, _bare("type")]
    projector: Annotated[PartChoice, _bare("type")]
    grid: Annotated[tuple[Positive, Positive], _both_sides()]
    geometry: Annotated[PartChoice, _bare("type")] = PartChoice(type="pad")


class ScheduleRecipe(Settings):
    """How the learning rate moves over a stage.

    Attributes:
        type: after the warm-up, `cosine` falls to `final_share` of the rate; `constant` stays.
        warmup_share: share of the steps in which the rate rises linearly.
        final_share: what is left of the rate in the end, under `cosine`.
    """

    type: Literal["cosine", "constant"] = "cosine"
    warmup_share: Share = 0.03
    final_share: Share = 0.0


class StageRecipe(Settings):
    """One stage of training.

    Attributes:
        train: patterns over module names; what matches one of them trains, the rest is frozen.
        lr: learning rate by pattern; `*` is for what no other pattern matches.
        batch_samples: samples a step, over all processes.
        epochs, steps: how long; exactly one of them.
        from_stage: the earlier stage whose weights it starts from (`from` in the file); null for
            the recipe's own first weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    name: Name
    train: Annotated[tuple[str, ...], Field(min_length=1)]
    lr: Annotated[
        dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]], Field(min_length=1)
    ]
    batch_samples: Positive
    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    steps: Positive | None = None
    from_stage: Annotated[str | None, Field(alias="from")] = None

    @model_validator(mode="after")
    def _has_one_length(self) -> StageRecipe:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("a stage has either epochs or steps, and not both.")
        return self


class Recipe(Settings):
    """A recipe.

    Attributes:
        seed: of the first weights and of the order of samples.
        max_tokens: samples with more, visual tokens included, are counted and dropped.
        precision: `bf16` keeps fp32 master weights.
        zero_stage: what DeepSpeed spreads over processes: 1 the optimizer, 2 the gradients too.
        gradient_clipping: largest norm of the gradient; 0 for no limit.
        weight_decay: of matrices; never of biases and norms.
        loader_processes: that prepare samples, for each training process; 0 for none besides it.
    """

    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    model: ModelRecipe
    max_tokens: Positive = 2048
    precision: Literal["fp32", "bf16"] = "bf16"
    zero_stage: Literal[1, 2] = 2
    gradient_clipping: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    schedule: ScheduleRecipe = ScheduleRecipe()
    loader_processes: Annotated[int, Field(ge=0)] = 2
    stages: Annotated[tuple[StageRecipe, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _stages_follow(self) -> Recipe:
        earlier: list[str] = []
        for stage in self.stages:
            if stage.name in earlier:
                raise ValueError(f"two stages are called {stage.name!r}.")
            if stage.from_stage is not None and stage.from_stage not in earlier:
                hint = nearest(stage.from_stage, earlier)
                raise ValueError(
                    f"stage {stage.name!r} starts from {stage.from_stage!r}, which is no earlier "
                    f"stage. {hint}"
                )
            earlier.append(stage.name)
        return self


def find_recipe(name: str | Path) -> Path:
    """A recipe's file: the path itself, or the shipped recipe of that name.

    Raises:
        UsageError: a bare name that no shipped recipe has; the nearest are given.
    """
    path = Path(name)
    if path.exists() or path.suffix or path.parent != Path():
        return path
    return data_file(SHIPPED_RECIPES, path.name, what="recipe")


def load_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> Loaded[Recipe]:
    """Loads a recipe, a file or the name of a shipped one, with what it extends.

    Raises:
        UsageError: the file does not exist.
        ConfigError: all problems, each with its line.
    """
    return load_config(
        find_recipe(recipe),
        Recipe,
        what="recipe",
        shipped=SHIPPED_RECIPES,
        named_lists=("stages",),
        overrides=overrides,
    )
