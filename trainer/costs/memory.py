"""Memory of weights, gradients and optimizer under ZeRO (arXiv 1910.02054, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ZeroStage = Literal[0, 1, 2, 3]
Precision = Literal["fp32", "bf16"]

WEIGHT_BYTES: dict[Precision, int] = {"bf16": 2, "fp32": 4}
# Gradients are summed up in fp32; bf16 weights have an fp32 copy; Adam keeps two fp32 moments.
GRADIENT_BYTES = 4
COPY_BYTES: dict[Precision, int] = {"bf16": 4, "fp32": 0}
MOMENTS_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPerGpu:
    """Bytes on each GPU; activations come on top."""

    weights_bytes: int
    gradients_bytes: int
    optimizer_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of them."""
        return self.weights_bytes + self.gradients_bytes + self.optimizer_bytes


def memory_per_gpu(
    *, parameters: int, trained: int, gpus: int, zero_stage: ZeroStage, precision: Precision
) -> MemoryPerGpu:
    """What each GPU holds of a model.

    Args:
        parameters: of the model, frozen ones among them.
        trained: of those, the ones that train.
        zero_stage: 1 spreads the optimizer over the GPUs, 2 the gradients too, 3 the weights too.
    """

    def spread(size: int, from_stage: int) -> int:
        return -(-size // gpus) if zero_stage >= from_stage else size

    return MemoryPerGpu(
        weights_bytes=spread(parameters * WEIGHT_BYTES[precision], 3),
        gradients_bytes=spread(trained * GRADIENT_BYTES, 2),
        optimizer_bytes=spread(trained * (COPY_BYTES[precision] + MOMENTS_BYTES), 1),
    )
