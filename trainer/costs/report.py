"""Counts what the model of a recipe is made of, and what a sample of it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import nn

from datakit.config import Loaded
from trainer.costs.flops import forward_flops, step_flops
from trainer.costs.memory import Precision, ZeroStage, memory_per_gpu
from trainer.costs.model_report import ModelReport, PartCost, StageCost
from trainer.model.check import check_model
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.outline import outline_model
from trainer.recipe import Recipe
from trainer.training.jobs import jobs_of, outlines_of
from trainer.training.trainable import TrainPlan, plan_jobs

TEXT_TOKENS = 256
ZERO_STAGES: tuple[ZeroStage, ...] = (0, 1, 2, 3)


def report_model(
    loaded: Loaded[Recipe], *, gpus: int = 8, text_tokens: int = TEXT_TOKENS
) -> ModelReport:
    """Counts a recipe's model on the meta device; no weight is loaded.

    Args:
        gpus: that ZeRO spreads over.
        text_tokens: of a sample, beside those of its view.

    Raises:
        ConfigError: the recipe is wrong; all problems, each with its line.
        UsageError: the language model's configuration cannot be loaded.
    """
    check_model(loaded)
    recipe = loaded.value
    jobs = jobs_of(recipe)
    models = {None: outline_model(recipe.model), **outlines_of(jobs)}
    plans = plan_jobs(loaded, jobs, models)
    parts_of = {
        encoder: part_costs(model, model.projector.num_tokens + text_tokens)
        for encoder, model in models.items()
    }
    stages = []
    for job, plan in zip(jobs, plans, strict=True):
        parts = parts_of[job.encoder]
        trained = trained_parameters(models[job.encoder], plan, parts)
        stages.append(_stage_cost(job.name, parts, trained, gpus, recipe.precision))
    model = models[None]
    return ModelReport(
        name=recipe.name,
        parts=parts_of[None],
        visual_tokens=model.projector.num_tokens,
        sample_tokens=model.projector.num_tokens + text_tokens,
        gpus=gpus,
        stages=stages,
    )


def trained_parameters(
    model: nn.Module, plan: TrainPlan, parts: Sequence[PartCost]
) -> dict[str, int]:
    """How many parameters of each part a stage trains."""
    trained = {part.name: 0 for part in parts}
    for name, parameter in model.named_parameters():
        if name in plan.pattern_of:
            trained[_part_of(name)] += parameter.numel()
    for name, size in plan.adapter_sizes.items():
        trained[_part_of(name)] += size
    return trained


def _stage_cost(
    name: str, parts: Sequence[PartCost], trained: dict[str, int], gpus: int, precision: Precision
) -> StageCost:
    memory = {
        zero: memory_per_gpu(
            parameters=sum(part.parameters for part in parts),
            trained=sum(trained.values()),
            gpus=gpus,
            zero_stage=zero,
            precision=precision,
        )
        for zero in ZERO_STAGES
    }
    forwards = [part.forward_flops for part in parts]
    flops = int(job_flops([part.name for part in parts], forwards, trained))
    return StageCost(name=name, trained_parameters=trained, step_flops=flops, memory=memory)


def job_flops(names: Sequence[str], forwards: Sequence[float], trained: Mapping[str, int]) -> float:
    """Operations of forward and backward of a model's parts.

    Args:
        names: of the parts, in the order of the forward.
        forwards: operations of each one's forward.
        trained: parameters of each that train.
    """
    costs = [(flops, trained[name] > 0) for name, flops in zip(names, forwards, strict=True)]
    encoders = sum(name.startswith("encoders.") for name in names)
    # Encoders stand beside each other: none hands a gradient on to another.
    alone = sum(step_flops([cost]) for cost in costs[:encoders])
    any_trains = any(trains for _, trains in costs[:encoders])
    return alone + step_flops([(0, any_trains), *costs[encoders:]])


def part_costs(model: EncoderMixtureForConditionalGeneration, sample_tokens: int) -> list[PartCost]:
    """The parts, in the order of the forward; the language model's cost is of one sample."""
    with torch.device("meta"):
        side = model.image_side_px
        views = torch.zeros(1, 3, side, side, dtype=torch.uint8)
        parts = []
        grids = []
        for backbone in model.backbones:
            shape = backbone.shape
            grids.append(torch.zeros(1, shape.channels, shape.height, shape.width))
            grid = f"{shape.height} x {shape.width} x {shape.channels}"
            what = f"{backbone.spec.architecture}, {grid}"
            name = f"encoders.{backbone.spec.name}"
            parts.append(_cost(name, what, [backbone], partial(backbone, views)))
        fused = [torch.zeros(1, s.channels, s.height, s.width) for s in model.fusion.shapes]
        joined = " + ".join(f"{s.height} x {s.width} x {s.channels}" for s in model.fusion.shapes)
        what = f"{model.config.fusion['type']}, {joined}"
        parts.append(_cost("fusion", what, [model.fusion], partial(model.fusion, grids)))
        what = f"{model.config.projector['type']}, {model.projector.num_tokens:,} tokens"
        parts.append(_cost("projector", what, [model.projector], partial(model.projector, fused)))
        within = model.in_language_model
        if within is not None:
            what = f"{len(within.layers)} aggregators"
            parts.append(_cost("in_language_model", what, [within], partial(_read, model)))
        text = model.config.get_text_config()
        ids = torch.zeros(1, sample_tokens, dtype=torch.long)
        what = f"{text.model_type}, {text.num_hidden_layers} x {text.hidden_size}"
        run = partial(model.language_model, input_ids=ids)
        parts.append(_cost("language_model", what, [model.language_model], run))
    return parts


def _read(model: EncoderMixtureForConditionalGeneration) -> None:
    """Runs the layers within the language model once, on what the projector saw last."""
    within, seen = model.in_language_model, model.projector.seen
    assert within is not None and seen is not None, "the projector ran before"
    queries = torch.zeros(1, within.rows * within.columns, model.projector.width)
    for layer in within.layers:
        layer(queries, seen)


def _cost(
    name: str, what: str, modules: Sequence[nn.Module], run: Callable[[], object]
) -> PartCost:
    parameters = {id(p): p.numel() for module in modules for p in module.parameters()}
    return PartCost(
        name=name,
        what=what,
        parameters=sum(parameters.values()),
        forward_flops=forward_flops(run),
    )


def _part_of(parameter: str) -> str:
    """The part that a parameter belongs to, by its name."""
    first, _, rest = parameter.partition(".")
    if first == "encoders":
        return f"encoders.{rest.partition('.')[0]}"
    return first
