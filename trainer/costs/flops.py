"""Operations of a forward and of a step; a multiplication and an addition are two."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode


def forward_flops(run: Callable[[], object]) -> int:
    """Counts matrix products, convolutions and attention of what `run` does, on any device."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    total: int = counter.get_total_flops()
    return total


def step_flops(parts: Sequence[tuple[float, bool]]) -> float:
    """Operations of forward and backward, nothing recomputed.

    A part that trains costs its forward three times: once forward, once for the gradient of its
    weights, once for that of its inputs. One that is frozen costs the gradient of its inputs only
    where an earlier part trains.

    Args:
        parts: forward operations of each part, and whether it trains, in the order of the forward.
    """
    total, earlier_trains = 0.0, False
    for flops, trains in parts:
        total += flops * (1 + int(trains) + int(trains or earlier_trains))
        earlier_trains = earlier_trains or trains
    return total
