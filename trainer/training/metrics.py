"""What a run tells: metrics.jsonl, TensorBoard, the console, and the curve at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

BARS = "▁▂▃▄▅▆▇█"
METRICS_FILE = "metrics.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMetrics:
    """One step, over all processes.

    Attributes:
        step: from 1.
        epoch: how often the data have been seen after this step.
        loss: mean negative log-likelihood of a learned token, in nats.
        lr: learning rate by pattern.
        grad_norm: before clipping.
        tokens: without padding; `label_tokens` of them are learned.
        seconds: the step took, waiting for data included.
    """

    step: int
    epoch: float
    loss: float
    lr: dict[str, float]
    grad_norm: float
    tokens: int
    label_tokens: int
    samples: int
    images: int
    seconds: float


class MetricsWriter:
    """Appends each step to `metrics.jsonl` and to TensorBoard's files, as it happens."""

    def __init__(self, folder: Path, *, start: int = 0) -> None:
        """Goes on after the first `start` steps; TensorBoard forgets what it had of later ones."""
        self.path = folder / METRICS_FILE
        self.lines = self.path.open("a", encoding="utf-8")
        self.board = SummaryWriter(str(folder), purge_step=start + 1 if start else None)

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lines.close()
        self.board.close()

    def write(self, metrics: StepMetrics) -> None:
        """Writes one step."""
        self.lines.write(json.dumps(asdict(metrics), allow_nan=False) + "\n")
        self.lines.flush()
        for name in ("loss", "grad_norm", "tokens", "images"):
            self.board.add_scalar(name, getattr(metrics, name), metrics.step)
        self.board.add_scalar("samples_per_s", metrics.samples / metrics.seconds, metrics.step)
        for pattern, rate in metrics.lr.items():
            self.board.add_scalar(f"lr/{pattern}", rate, metrics.step)


def console_line(stage: str, steps: int, recent: Sequence[StepMetrics]) -> str:
    """The last step and the mean of what came since the line before."""
    last = recent[-1]
    loss = sum(metrics.loss for metrics in recent) / len(recent)
    rate = sum(metrics.samples for metrics in recent) / sum(metrics.seconds for metrics in recent)
    width = len(str(steps))
    return (
        f"{stage} {last.step:>{width}}/{steps}  loss {loss:.3f}  lr {max(last.lr.values()):.1e}  "
        f"{rate:.1f} samples/s"
    )


def loss_curve(losses: Sequence[float], *, columns: int = 60) -> str:
    """Losses as one row of bars, each the mean of its share of the steps."""
    columns = min(columns, len(losses))
    edges = [round(column * len(losses) / columns) for column in range(columns + 1)]
    means = [sum(losses[start:end]) / (end - start) for start, end in pairwise(edges)]
    low, high = min(means), max(means)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((mean - low) * scale)] for mean in means)
