"""What trains in a stage, and at which learning rate: glob patterns over module names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from datakit.config import Loaded
from datakit.errors import ConfigError, Problem, nearest
from trainer.recipe import LoraRecipe, Recipe, StageRecipe
from trainer.training.adapters import adapted_weight, adapter_sizes
from trainer.training.patterns import matches

EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPlan:
    """What one stage trains.

    Attributes:
        pattern_of: for each trainable parameter, by name, the pattern of its learning rate; those
            of adapters are among them, though the model has none yet.
        adapter_sizes: elements of each of the latter, by name.
    """

    pattern_of: Mapping[str, str]
    adapter_sizes: Mapping[str, int]


def plan_stages(model: nn.Module, loaded: Loaded[Recipe]) -> list[TrainPlan]:
    """Decides what every stage trains.

    Raises:
        ConfigError: a pattern matches nothing, a trained parameter has no learning rate or two;
            for all stages at once, before the first one starts.
    """
    problems: list[Problem] = []
    plans: list[TrainPlan] = []
    for index, stage in enumerate(loaded.value.stages):
        plan, found = _plan_stage(model, stage)
        plans.append(plan)
        for key, text, mend in found:
            where = loaded.where("stages", index, key)
            problems.append(
                Problem(where=where, key=f"stages[{index}].{key}", found=text, mend=mend)
            )
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)
    return plans


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


def _plan_stage(model: nn.Module, stage: StageRecipe) -> tuple[TrainPlan, list[_Found]]:
    """The plan, and what is wrong with it: key, what was found, how to mend it."""
    names = [name for name, _ in model.named_parameters()]
    found: list[_Found] = []
    for pattern in stage.train:
        if not any(matches(name, pattern) for name in names):
            text = f"{pattern!r} matches nothing in the model."
            found.append(("train", text, nearest(pattern, _modules(names))))
    trained = [name for name in names if any(matches(name, pattern) for pattern in stage.train)]
    adapters: dict[str, int] = {}
    if stage.lora is not None:
        adapters = adapter_sizes(model, stage.lora)
        found += _lora_problems(trained, list(adapters), names, stage.lora)
        trained += adapters
    found += _lr_problems(trained, stage)
    pattern_of = {name: rates[0] for name in trained if (rates := _rates_of(name, stage.lr))}
    return TrainPlan(pattern_of=pattern_of, adapter_sizes=adapters), found


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
