"""What trains in a stage, and at which learning rate: glob patterns over module names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from datakit.config import Loaded
from datakit.errors import ConfigError, Problem, nearest
from trainer.recipe import LoraRecipe, Recipe, StageRecipe
from trainer.training.adapters import adapted_weight, adapter_sizes
from trainer.training.jobs import Job
from trainer.training.patterns import matches

EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPlan:
    """What one job trains.

    Attributes:
        pattern_of: for each trainable parameter, by name, the pattern of its learning rate; those
            of adapters are among them, though the model has none yet.
        adapter_sizes: elements of each of the latter, by name.
    """

    pattern_of: Mapping[str, str]
    adapter_sizes: Mapping[str, int]


def plan_jobs(
    loaded: Loaded[Recipe], jobs: Sequence[Job], models: Mapping[str | None, nn.Module]
) -> list[TrainPlan]:
    """Decides what every job trains.

    Args:
        jobs: all of the recipe, in its order.
        models: by the encoder that a job is of.

    Raises:
        ConfigError: a pattern matches nothing, a trained parameter has no learning rate or two, or
            nothing of an encoder trains; for all stages at once, before the first one starts.
    """
    problems: list[Problem] = []
    plans: list[TrainPlan] = []
    for index, stage in enumerate(loaded.value.stages):
        own = {job.name: models[job.encoder] for job in jobs if job.index == index}
        pattern_of, found = _plan_stage(list(own.values()), stage)
        shares = {job: _share_of(pattern_of, model, stage.lora) for job, model in own.items()}
        idle = [job for job, share in shares.items() if not share.pattern_of]
        if idle and not found:
            text = f"{', '.join(map(repr, stage.train))}: nothing of {', '.join(idle)} trains."
            found.append(("train", text, "Name the encoders that are left out, too."))
        plans += shares.values()
        for key, text, mend in found:
            where = loaded.where("stages", index, key)
            problems.append(
                Problem(where=where, key=f"stages[{index}].{key}", found=text, mend=mend)
            )
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)
    return plans


def _share_of(
    pattern_of: Mapping[str, str], model: nn.Module, lora: LoraRecipe | None
) -> TrainPlan:
    """What of a stage's plan one of its models has."""
    adapters = adapter_sizes(model, lora) if lora is not None else {}
    names = [*(name for name, _ in model.named_parameters()), *adapters]
    own = {name: pattern_of[name] for name in names if name in pattern_of}
    return TrainPlan(pattern_of=own, adapter_sizes=adapters)


def trains_embeddings(model: PreTrainedModel, plans: Iterable[TrainPlan]) -> bool:
    """Whether any of the plans trains the embeddings of tokens."""
    embeddings = model.get_input_embeddings().weight
    names = [name for name, parameter in model.named_parameters() if parameter is embeddings]
    return any(name in plan.pattern_of for plan in plans for name in names)


def freeze_all_but(model: nn.Module, plan: TrainPlan) -> None:
    """Lets only the parameters of the plan train."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in plan.pattern_of)


def set_modes(model: nn.Module) -> None:
    """Sets training mode, and evaluation mode below every module that is frozen as a whole.

    Running statistics and dropout of a frozen encoder then stay as they are.
    """
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def optimizer_groups(model: nn.Module, plan: TrainPlan, stage: StageRecipe) -> list[dict[str, Any]]:
    """Groups trainable parameters by learning rate and by whether they decay.

    Vectors (biases, norms) never decay. Rates are zero until the schedule sets them.
    """
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if name in plan.pattern_of:
            key = (plan.pattern_of[name], parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": members,
            "lr": 0.0,
            "peak_lr": stage.lr[pattern],
            "weight_decay": stage.weight_decay * decays,
            "pattern": pattern,
        }
        for (pattern, decays), members in groups.items()
    ]


_Found = tuple[str, str, str]


def _plan_stage(
    models: Sequence[nn.Module], stage: StageRecipe
) -> tuple[dict[str, str], list[_Found]]:
    """The pattern of each parameter of the stage's models that trains, and what is wrong.

    Returns:
        Patterns by name; and of each fault its key, what was found, how to mend it.
    """
    names = list(dict.fromkeys(name for model in models for name, _ in model.named_parameters()))
    found: list[_Found] = []
    for pattern in stage.train:
        if not any(matches(name, pattern) for name in names):
            text = f"{pattern!r} matches nothing in the model."
            found.append(("train", text, nearest(pattern, _modules(names))))
    trained = [name for name in names if any(matches(name, pattern) for pattern in stage.train)]
    if stage.lora is not None:
        of_all = (adapter_sizes(model, stage.lora) for model in models)
        adapters = list(dict.fromkeys(chain(*of_all)))
        found += _lora_problems(trained, adapters, names, stage.lora)
        trained += adapters
    found += _lr_problems(trained, stage)
    rates = {name: _rates_of(name, stage.lr) for name in trained}
    return {name: patterns[0] for name, patterns in rates.items() if patterns}, found


def _lora_problems(
    trained: Sequence[str], adapters: Sequence[str], names: Sequence[str], lora: LoraRecipe
) -> Iterator[_Found]:
    for pattern in lora.targets:
        if not any(matches(adapter, pattern) for adapter in adapters):
            text = f"{pattern!r} matches no linear layer of the model."
            yield "lora", text, nearest(pattern, _modules(names))
    both = sorted(set(trained) & {adapted_weight(adapter) for adapter in adapters})
    if both:
        mend = "Let `train` and `lora.targets` name different layers."
        yield "lora", f"{both[0]!r} would train whole and by an adapter.", mend


def _lr_problems(trained: Sequence[str], stage: StageRecipe) -> Iterator[_Found]:
    for pattern in stage.lr:
        if trained and not any(matches(name, pattern) for name in trained):
            text = f"{pattern!r} matches nothing that trains in stage {stage.name!r}."
            yield "lr", text, nearest(pattern, _modules(trained))
    for name in trained:
        rates = _rates_of(name, stage.lr)
        if not rates:
            yield "lr", f"no learning rate for {name!r}.", 'Add a pattern, or "*" for the rest.'
            return
        if len(rates) > 1:
            both = " and ".join(repr(pattern) for pattern in rates)
            yield "lr", f"{both} both match {name!r}.", "Let one pattern match each parameter."
            return


def _rates_of(name: str, patterns: Iterable[str]) -> list[str]:
    """Patterns that match a name; `*` only where no other does."""
    hits = [pattern for pattern in patterns if matches(name, pattern)]
    return [pattern for pattern in hits if pattern != EVERYTHING] or hits


def _modules(names: Iterable[str]) -> list[str]:
    """The first two levels of the names, which is what patterns mostly name."""
    parts = [name.split(".") for name in names]
    return sorted({".".join(part[:depth]) for part in parts for depth in (1, 2)})
