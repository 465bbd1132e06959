"""The loss of each source and template, exactly, from the logits that a forward has made anyway.

Legend: B rows, L tokens, V vocabulary, O origins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.data.batch import Batch
from trainer.data.samples import Origin
from trainer.model.conversation import IGNORED_LABEL
from trainer.training.processes import Processes

TOKENS_AT_ONCE = 1024  # rows of V numbers in fp32 that are held besides the logits
NO_TEMPLATE = "none"  # of conversations that come as they are


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss and what it is the mean of.

    Attributes:
        loss: mean negative log-likelihood of a learned token, in nats.
    """

    loss: float
    label_tokens: int


class OriginLosses:
    """Sums of the losses of learned tokens by origin, as they come from forwards."""

    def __init__(self) -> None:
        self._pending: list[tuple[tuple[Origin, ...], Tensor]] = []
        self._sums: dict[Origin, list[float]] = {}

    def add(self, batch: Batch, logits: Tensor | None) -> None:
        """Takes one forward's logits, (B, L, V).

        They stay on their device until they are asked for. None where head and loss are joined
        (`fused_loss`): then there is nothing to take.
        """
        if logits is not None and batch.origins:
            self._pending.append((batch.origins, sums_by_origin(batch, logits)))

    def over_all(self, processes: Processes) -> dict[Origin, Loss]:
        """Of all processes, which all come here; afterwards it is empty."""
        for origins, sums in self._pending:
            _join(self._sums, zip(origins, sums.tolist(), strict=True))
        joined: dict[Origin, list[float]] = {}
        for own in processes.gather(self._sums):
            _join(joined, own.items())
        self._pending, self._sums = [], {}
        return {
            origin: Loss(nats / tokens, int(tokens))
            for origin, (nats, tokens) in sorted(joined.items())
            if tokens
        }


@torch.no_grad()
def sums_by_origin(batch: Batch, logits: Tensor) -> Tensor:
    """Nats and learned tokens of each origin of a batch, (O, 2), in fp64."""
    labels = batch.labels[:, 1:]
    rows, columns = (labels != IGNORED_LABEL).nonzero(as_tuple=True)
    wanted = labels[rows, columns].to(logits.device, non_blocking=True)
    origins = batch.origin_of[:, 1:][rows, columns].to(logits.device, non_blocking=True)
    rows, columns = rows.to(logits.device), columns.to(logits.device)
    sums = torch.zeros(len(batch.origins), 2, dtype=torch.float64, device=logits.device)
    for start in range(0, len(wanted), TOKENS_AT_ONCE):
        part = slice(start, start + TOKENS_AT_ONCE)
        nats = torch.nn.functional.cross_entropy(
            logits[rows[part], columns[part]].float(), wanted[part], reduction="none"
        )
        pairs = torch.stack([nats.double(), torch.ones_like(nats, dtype=torch.float64)], dim=1)
        sums.index_add_(0, origins[part], pairs)
    return sums


def by_source(losses: Mapping[Origin, Loss]) -> dict[str, Loss]:
    """The losses of each source."""
    return _grouped((origin.source, loss) for origin, loss in losses.items())


def by_template(losses: Mapping[Origin, Loss]) -> dict[str, Loss]:
    """The losses of each template, whatever sources use it."""
    return _grouped((origin.template or NO_TEMPLATE, loss) for origin, loss in losses.items())


def overall(losses: Mapping[Origin, Loss]) -> Loss:
    """The loss of all tokens."""
    return _grouped(("", loss) for loss in losses.values())[""]


def _grouped(named: Iterable[tuple[str, Loss]]) -> dict[str, Loss]:
    members: dict[str, list[Loss]] = defaultdict(list)
    for name, loss in named:
        members[name].append(loss)
    return {name: _mean(losses) for name, losses in sorted(members.items())}


def _mean(losses: list[Loss]) -> Loss:
    tokens = sum(loss.label_tokens for loss in losses)
    return Loss(sum(loss.loss * loss.label_tokens for loss in losses) / tokens, tokens)


def _join(sums: dict[Origin, list[float]], more: Iterable[tuple[Origin, list[float]]]) -> None:
    for origin, own in more:
        before = sums.get(origin, [0.0, 0.0])
        sums[origin] = [a + b for a, b in zip(before, own, strict=True)]
