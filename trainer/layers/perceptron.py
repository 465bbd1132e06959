"""Two linear layers with an activation between them."""

from __future__ import annotations

from torch import nn


def perceptron(
    width_in: int,
    width_hidden: int,
    width_out: int,
    *,
    activation: type[nn.Module] = nn.GELU,
    bias: bool = True,
) -> nn.Sequential:
    """Linear, activation, Linear."""
    return nn.Sequential(
        nn.Linear(width_in, width_hidden, bias=bias),
        activation(),
        nn.Linear(width_hidden, width_out, bias=bias),
    )
