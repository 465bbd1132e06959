"""What the console says of a stage as it trains, and at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from datakit.console import counted, format_table, screen_width, size_text
from trainer.training.metrics import StepMetrics
from trainer.training.watch.by_origin import Loss

MOST_SHOWN = 20  # sources, and templates; the files have all
BARS = "▁▂▃▄▅▆▇█"


def console_line(stage: str, steps: int, recent: Sequence[StepMetrics]) -> str:
    """The last step, and the mean of what came since the line before."""
    last = recent[-1]
    seconds = sum(step.seconds for step in recent)
    computed = sum(step.tokens + step.padding_tokens for step in recent)
    padding = sum(step.padding_tokens for step in recent) / max(computed, 1)
    waited = sum(step.data_wait_seconds for step in recent) / seconds
    rates = "  ".join(
        f"{sum(getattr(step, name) for step in recent) / seconds:,.{digits}f} {name}/s"
        for name, digits in (("samples", 1), ("tokens", 0), ("images", 1))
    )
    loss = sum(step.loss for step in recent) / len(recent)
    return (
        f"{stage} {last.step:>{len(str(steps))}}/{steps}  loss {loss:.3f}  "
        f"lr {max(last.lr.values()):.1e}  grad {last.grad_norm:.2f}  {rates}{_used(recent)}  "
        f"wait {waited:.0%}  padding {padding:.0%}  {size_text(last.peak_memory_bytes)}"
    )


def _used(recent: Sequence[StepMetrics]) -> str:
    shares = [step.utilisation_share for step in recent if step.utilisation_share is not None]
    return f"  {sum(shares) / len(shares):.0%} used" if shares else ""


def loss_table(recent: Sequence[StepMetrics], held_out: Mapping[str, Loss] | None = None) -> str:
    """Losses of the largest sources and templates over some steps; empty where none are known.

    Args:
        held_out: by source, after the last of them.
    """
    sources = joined_losses(step.loss_by_source for step in recent)
    templates = joined_losses(step.loss_by_template for step in recent)
    rows = [
        [kind, name, f"{loss.label_tokens:,}", f"{loss.loss:.3f}", _held_out(kind, name, held_out)]
        for kind, losses in (("source", sources), ("template", templates))
        for name, loss in _largest(losses).items()
    ]
    if not rows:
        return ""
    header = ["last " + counted(len(recent), "step"), "name", "label tokens", "loss", "held out"]
    width = len(header) if held_out else len(header) - 1
    return format_table(header[:width], [row[:width] for row in rows], left=2, width=screen_width())


def joined_losses(several: Iterable[Mapping[str, Loss]]) -> dict[str, Loss]:
    """The losses of several steps, each token with the same weight."""
    nats: dict[str, float] = {}
    tokens: dict[str, int] = {}
    for losses in several:
        for name, loss in losses.items():
            nats[name] = nats.get(name, 0.0) + loss.loss * loss.label_tokens
            tokens[name] = tokens.get(name, 0) + loss.label_tokens
    return {name: Loss(nats[name] / tokens[name], tokens[name]) for name in sorted(nats)}


def held_out_line(step: int, samples: int, all_: Loss, by_source: Mapping[str, Loss]) -> str:
    """The held-out losses after a step."""
    shown = _largest(by_source)
    of_sources = "  ".join(f"{name} {loss.loss:.3f}" for name, loss in shown.items())
    if len(shown) < len(by_source):
        of_sources += f"  and {len(by_source) - len(shown)} more"
    return (
        f"held out, after step {step:,}: loss {all_.loss:.3f} of {counted(samples, 'sample')} with "
        f"{counted(all_.label_tokens, 'label token')}: {of_sources}"
    )


def loss_curve(losses: Sequence[float], *, columns: int = 60) -> str:
    """Losses as one row of bars, each the mean of its share of the steps."""
    columns = min(columns, len(losses))
    edges = [round(column * len(losses) / columns) for column in range(columns + 1)]
    means = [sum(losses[start:end]) / (end - start) for start, end in pairwise(edges)]
    low, high = min(means), max(means)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((mean - low) * scale)] for mean in means)


def _largest(losses: Mapping[str, Loss]) -> dict[str, Loss]:
    """Those with most tokens, by name."""
    largest = sorted(losses, key=lambda name: -losses[name].label_tokens)[:MOST_SHOWN]
    return {name: losses[name] for name in sorted(largest)}


def _held_out(kind: str, name: str, held_out: Mapping[str, Loss] | None) -> str:
    loss = (held_out or {}).get(name) if kind == "source" else None
    return f"{loss.loss:.3f}" if loss else ""
