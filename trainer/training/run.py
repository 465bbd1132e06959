"""A run and its stages, as they share it and as they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Recipe
from trainer.training.metrics import METRICS_FILE
from trainer.training.processes import Processes
from trainer.training.recording import keep_steps
from trainer.training.stage_data import AnyData
from trainer.training.starting import model_folder
from trainer.training.stopping import StopRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the stages of a run share.

    Attributes:
        data: what each stage trains on, by its name.
        identity: see `run_identity`.
        stop: what asks the run to stop.
    """

    recipe: Recipe
    data: Mapping[str, AnyData]
    processor: EncoderMixtureProcessor
    out: Path
    processes: Processes
    identity: Mapping[str, Any]
    stop: StopRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage came to.

    Attributes:
        losses: of every step, in nats a learned token.
        model: folder that transformers loads.
    """

    name: str
    losses: tuple[float, ...]
    model: Path


def finished_stage(out: Path, stage: str, processes: Processes) -> StageResult | None:
    """What a stage came to that is done already; None where it is not."""
    model = model_folder(out, stage)
    losses = [] if not model.is_dir() else keep_steps(model.parent / METRICS_FILE, None)
    shared = processes.gather(losses)[0]
    return StageResult(name=stage, losses=tuple(shared), model=model) if shared else None
