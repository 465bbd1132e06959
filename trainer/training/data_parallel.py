"""Data-parallel training that spreads nothing: `zero_stage: 0`.

DeepSpeed 0.19.8 gives no norm of the gradient there in fp32, and sums up in bf16 where the weights
are bf16; so this stands in its place, with those methods of DeepSpeed's engine that the loop calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, distributed, nn

BUCKET_ELEMENTS = 2**25


class DataParallelEngine:
    """A model, its optimizer, and gradients that are averaged over all processes.

    Attributes:
        masters: for each trained parameter, the fp32 weights that the optimizer moves: its own, or
            a copy of those of another type.
    """

    def __init__(
        self,
        model: nn.Module,
        groups: Sequence[dict[str, Any]],
        *,
        betas: tuple[float, float],
        eps: float,
        gradient_clipping: float,
    ) -> None:
        self.module = model
        self.gradient_clipping = gradient_clipping
        self.masters = {
            parameter: parameter if parameter.dtype == torch.float32 else _copy(parameter)
            for group in groups
            for parameter in group["params"]
        }
        own = [{**group, "params": [self.masters[p] for p in group["params"]]} for group in groups]
        self.optimizer = torch.optim.AdamW(own, lr=0.0, betas=betas, eps=eps)
        self._at_boundary = True
        self._gradient_norm = 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the model."""
        return self.module(*args, **kwargs)

    def set_gradient_accumulation_boundary(self, is_boundary: bool) -> None:
        """Says whether the next `step` moves the weights."""
        self._at_boundary = is_boundary

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a loss, in fp32, to those of the step."""
        loss.backward()  # type: ignore[no-untyped-call]
        for parameter, master in self.masters.items():
            if master is not parameter and parameter.grad is not None:
                added = parameter.grad.float()
                master.grad = added if master.grad is None else master.grad.add_(added)
                parameter.grad = None

    def step(self) -> None:
        """Averages gradients over processes, clips them and moves the weights."""
        if not self._at_boundary:
            return
        masters = list(self.masters.values())
        for master in masters:
            if master.grad is None:
                master.grad = torch.zeros_like(master)
        _average([master.grad for master in masters if master.grad is not None])
        limit = self.gradient_clipping or float("inf")
        self._gradient_norm = float(nn.utils.clip_grad_norm_(masters, limit))
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            for parameter, master in self.masters.items():
                if master is not parameter:
                    parameter.copy_(master)

    def get_global_grad_norm(self) -> float:
        """The norm of the last step's gradient, before clipping."""
        return self._gradient_norm

    def destroy(self) -> None:
        """Lets go of the optimizer."""
        self.masters.clear()
        self.optimizer.state.clear()


def _copy(parameter: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(parameter.detach().float().clone())


def _average(gradients: Iterable[Tensor]) -> None:
    count = distributed.get_world_size()
    if count == 1:
        return
    for bucket in _buckets(gradients):
        flat = torch.cat([gradient.flatten() for gradient in bucket])
        distributed.all_reduce(flat)
        parts = torch.split(flat / count, [gradient.numel() for gradient in bucket])
        for gradient, averaged in zip(bucket, parts, strict=True):
            gradient.copy_(averaged.view_as(gradient))


def _buckets(gradients: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Cuts a list of tensors into lists of about `BUCKET_ELEMENTS`."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        bucket.append(gradient)
        if sum(member.numel() for member in bucket) >= BUCKET_ELEMENTS:
            yield bucket
            bucket = []
    if bucket:
        yield bucket
