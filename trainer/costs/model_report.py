"""What a recipe's model is made of, and what a sample of it costs.

Legend: L tokens of a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainer.costs.memory import MemoryPerGpu, ZeroStage


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """One part of the model.

    Attributes:
        what: its architecture, and the grid or tokens that it makes of a view.
        parameters: all of it.
        forward_flops: of one view; of the language model, of one sample.
    """

    name: str
    what: str
    parameters: int
    forward_flops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """One stage of training, or one encoder's share of it.

    Attributes:
        name: of the stage; `STAGE/ENCODER` for a share.
        trained_parameters: by part; the projector of a share is the encoder's own.
        step_flops: of one sample, forward and backward, nothing recomputed.
        memory: by ZeRO stage.
    """

    name: str
    trained_parameters: Mapping[str, int]
    step_flops: int
    memory: Mapping[ZeroStage, MemoryPerGpu]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """A recipe's model.

    Attributes:
        parts: encoders, fusion, projector, layers within the language model, language model.
        visual_tokens: of one view.
        sample_tokens: L, of a sample with one view.
    """

    name: str
    parts: Sequence[PartCost]
    visual_tokens: int
    sample_tokens: int
    gpus: int
    stages: Sequence[StageCost]

    @property
    def parameters(self) -> int:
        """Of all parts."""
        return sum(part.parameters for part in self.parts)

    @property
    def view_flops(self) -> int:
        """Forward operations of a view, from pixels to visual tokens."""
        return sum(part.forward_flops for part in self.parts[:-1])

    @property
    def sample_flops(self) -> int:
        """Forward operations of a sample with one view."""
        return self.view_flops + self.parts[-1].forward_flops
