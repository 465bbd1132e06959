"""The metrics of a step, and where they go: metrics.jsonl and boards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from trainer.training.watch.boards import Board
from trainer.training.watch.by_origin import Loss

METRICS_FILE = "metrics.jsonl"
# What boards show of each step, besides losses and learning rates.
SHOWN = (
    "grad_norm",
    "samples_per_second",
    "tokens_per_second",
    "images_per_second",
    "utilisation_share",
    "data_wait_share",
    "padding_share",
    "peak_memory_bytes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMetrics:
    """One step, over all processes.

    Attributes:
        step: from 1.
        epoch: how often the data have been seen after this step.
        loss: mean negative log-likelihood of a learned token, in nats.
        loss_by_source, loss_by_template: the same of the tokens of each, by the build's provenance;
            empty where head and loss are joined (`fused_loss`).
        lr: learning rate by pattern.
        grad_norm: before clipping.
        tokens: without padding; `label_tokens` of them are learned.
        padding_tokens: that are computed besides.
        images: of the samples; `views` of them are what the encoders see.
        seconds: the step took, waiting for data included.
        data_wait_seconds: of those, the mean wait of a process.
        utilisation_share: of what the devices could do in that time; None where it is not known.
        peak_memory_bytes: of the process that took most: of its GPU, in this step; without one of
            the process, since it began.
    """

    step: int
    epoch: float
    loss: float
    loss_by_source: Mapping[str, Loss]
    loss_by_template: Mapping[str, Loss]
    lr: dict[str, float]
    grad_norm: float
    tokens: int
    label_tokens: int
    padding_tokens: int
    samples: int
    images: int
    views: int
    seconds: float
    data_wait_seconds: float
    utilisation_share: float | None
    peak_memory_bytes: int

    @property
    def samples_per_second(self) -> float:
        """Of all processes together."""
        return self.samples / self.seconds

    @property
    def tokens_per_second(self) -> float:
        """Of all processes together, without padding."""
        return self.tokens / self.seconds

    @property
    def images_per_second(self) -> float:
        """Of all processes together."""
        return self.images / self.seconds

    @property
    def data_wait_share(self) -> float:
        """Of the step's time."""
        return self.data_wait_seconds / self.seconds

    @property
    def padding_share(self) -> float:
        """Of the tokens that are computed."""
        computed = self.tokens + self.padding_tokens
        return self.padding_tokens / computed if computed else 0.0

    def fields(self) -> dict[str, Any]:
        """What a line of `metrics.jsonl` holds."""
        return asdict(self) | self._shown()

    def curves(self) -> dict[str, float]:
        """What is drawn over the steps."""
        return {
            "loss": self.loss,
            **_by_key("loss_by_source", self.loss_by_source),
            **_by_key("loss_by_template", self.loss_by_template),
            **{name: value for name, value in self._shown().items() if value is not None},
            **{f"lr/{pattern}": rate for pattern, rate in self.lr.items()},
        }

    def _shown(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SHOWN}


class MetricsWriter:
    """Appends each step to `metrics.jsonl` and shows it on boards, as it happens."""

    def __init__(self, folder: Path, boards: Sequence[Board]) -> None:
        self.path = folder / METRICS_FILE
        self.lines = self.path.open("a", encoding="utf-8")
        self.boards = boards

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lines.close()
        for board in self.boards:
            board.close()

    def write(self, metrics: StepMetrics) -> None:
        """Writes one step."""
        self.lines.write(json.dumps(metrics.fields(), allow_nan=False) + "\n")
        self.lines.flush()
        self._show(metrics.step, metrics.curves())

    def write_held_out(self, step: int, by_source: Mapping[str, Loss]) -> None:
        """Shows the held-out losses after a step on the boards."""
        self._show(step, _by_key("held_out_loss", by_source))

    def _show(self, step: int, values: Mapping[str, float]) -> None:
        for board in self.boards:
            board.add(step, values)


def _by_key(name: str, losses: Mapping[str, Loss]) -> dict[str, float]:
    return {f"{name}/{key}": loss.loss for key, loss in losses.items()}
