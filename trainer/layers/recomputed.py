"""Modules whose activations are not kept but computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint


def recompute(module: nn.Module) -> None:
    """Lets a module keep its inputs only (arXiv 1604.06174), from now on.

    The kind that is not reentrant: gradients are right where inputs are frozen. Hooks on the module
    run once.
    """
    forward: Callable[..., Any] = module.forward
    module.forward = partial(_checkpointed, forward)


def _checkpointed(forward: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    return checkpoint(forward, *arguments, use_reentrant=False, **keywords)
