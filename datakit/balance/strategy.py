"""What each source may claim under a balancing strategy (Honeybee, table 5a)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from datakit.balance.allocate import Claim, group
from datakit.mixture.schema import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What one source has to give.

    Attributes:
        samples: different ones.
        cap_samples: the most that are written of it.
        max_repeats: how often one of its samples is written at most.
        weight: its share under `weighted`, relative to the others'.
    """

    name: str
    dataset: str
    task: str
    samples: int
    category: str = ""
    cap_samples: int | None = None
    max_repeats: int = 1
    weight: float = 1.0

    @property
    def once(self) -> int:
        """Samples that it gives where none is repeated."""
        return self.samples if self.cap_samples is None else min(self.samples, self.cap_samples)

    @property
    def limit_samples(self) -> int:
        """Samples that it gives at most, repeats among them."""
        most = self.samples * self.max_repeats
        return most if self.cap_samples is None else min(most, self.cap_samples)


def claims(
    supplies: Sequence[Supply],
    strategy: Strategy,
    category_shares: Mapping[str, float] | None = None,
) -> Claim:
    """The claims of all sources that have samples.

    per-sample: every sample counts the same, of a source up to its cap. per-dataset: every dataset
    counts the same, and its sources by their samples. per-task: every task counts the same, then
    its datasets. weighted: a source counts by its `weight`.

    Args:
        category_shares: of the total, for categories of which each divides its share by the
            strategy; the sources of all others do so together with what is left. Where nothing is
            left they claim nothing.
    """
    there = [supply for supply in supplies if supply.samples]
    if not category_shares:
        return _by_strategy(there, strategy, "all")
    shares = {name: Fraction(str(share)) for name, share in category_shares.items()}
    parts = [(_of_category(there, name), name, share) for name, share in shares.items()]
    others = [supply for supply in there if supply.category not in shares]
    parts.append((others, "others", 1 - sum(shares.values(), start=Fraction())))
    return group(
        "all",
        [
            replace(_by_strategy(part, strategy, name), weight=share)
            for part, name, share in parts
            if part and share
        ],
    )


def _by_strategy(supplies: Sequence[Supply], strategy: Strategy, name: str) -> Claim:
    if strategy == "weighted":
        weights = [Fraction(str(supply.weight)) for supply in supplies]
        return group(name, [_claim(s, w) for s, w in zip(supplies, weights, strict=True)])
    if strategy == "per-task":
        return group(name, [_by_dataset(part, n) for n, part in _grouped(supplies, _task)])
    return _by_dataset(supplies, name) if strategy == "per-dataset" else _by_sample(supplies, name)


def _of_category(supplies: Sequence[Supply], category: str) -> list[Supply]:
    return [supply for supply in supplies if supply.category == category]


def _by_dataset(supplies: Sequence[Supply], name: str) -> Claim:
    return group(name, [_by_sample(part, n) for n, part in _grouped(supplies, _dataset)])


def _by_sample(supplies: Sequence[Supply], name: str) -> Claim:
    return group(name, [_claim(supply, Fraction(supply.once)) for supply in supplies])


def _claim(supply: Supply, weight: Fraction) -> Claim:
    return Claim(name=supply.name, weight=weight, limit_samples=supply.limit_samples)


def _dataset(supply: Supply) -> str:
    return supply.dataset


def _task(supply: Supply) -> str:
    return supply.task


def _grouped(
    supplies: Sequence[Supply], kind: Callable[[Supply], str]
) -> list[tuple[str, list[Supply]]]:
    parts: dict[str, list[Supply]] = {}
    for supply in supplies:
        parts.setdefault(kind(supply), []).append(supply)
    return list(parts.items())
