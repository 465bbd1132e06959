"""Operations of any step of a job, from its views and the lengths of its samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from trainer.costs.flops import forward_flops
from trainer.costs.report import job_flops, part_costs, trained_parameters
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.training.trainable import TrainPlan

PROBE_TOKENS = 64  # any number does: cost is a polynomial of the length


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFlops:
    """What a step costs, forward and backward, nothing recomputed.

    Attention is counted over all pairs of a sample's tokens, as is usual, though a causal one needs
    half of them.

    Attributes:
        per_view: of encoders, fusion, projector and layers within the language model.
        per_token: of the language model, padding not counted.
        per_squared_token: of its attention.
    """

    per_view: float
    per_token: float
    per_squared_token: float

    def of(self, *, views: int, tokens: int, squared_tokens: int) -> float:
        """Operations of a step.

        Args:
            squared_tokens: sum of the squares of the samples' lengths.
        """
        return (
            self.per_view * views
            + self.per_token * tokens
            + self.per_squared_token * squared_tokens
        )


def count_step_flops(model: EncoderMixtureForConditionalGeneration, plan: TrainPlan) -> StepFlops:
    """Counts what a job's steps cost.

    The language model is run at two lengths, which give the two coefficients of its cost.

    Args:
        model: on the meta device; see `outline_model`.
    """
    parts = part_costs(model, PROBE_TOKENS)
    with torch.device("meta"):
        ids = torch.zeros(1, 2 * PROBE_TOKENS, dtype=torch.long)
    once = parts[-1].forward_flops
    twice = forward_flops(lambda: model.language_model(input_ids=ids))
    squared = (twice - 2 * once) / (2 * PROBE_TOKENS**2)
    linear = once / PROBE_TOKENS - squared * PROBE_TOKENS
    trained = trained_parameters(model, plan, parts)

    def step(views: float, of_language_model: float) -> float:
        forwards = [part.forward_flops * views for part in parts[:-1]]
        names = [part.name for part in parts]
        return job_flops(names, [*forwards, of_language_model], trained)

    return StepFlops(
        per_view=step(1, 0), per_token=step(0, linear), per_squared_token=step(0, squared)
    )
