"""How many samples each source gives, which of its own, and how often each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from datakit.balance import Supply, allocate, claims, draw, draw_times, largest_total
from datakit.errors import ConfigError, Problem
from datakit.planning import merge
from datakit.planning.resolve import ResolvedMixture, ResolvedSource
from datakit.planning.screen import NOT_DRAWN_SCHEMA
from datakit.planning.source_plan import SPLIT, SourcePlan
from datakit.sources.spool import Spool


def balance_sources(
    mixture: ResolvedMixture, planned: Mapping[str, SourcePlan]
) -> dict[str, SourcePlan]:
    """Draws the samples of each source and repeats them, as the mixture's `balance` says.

    Returns:
        The plans with `key` and `repeat` in their samples, and with what was not drawn.

    Raises:
        ConfigError: the sources cannot give `total_samples`; what they can give is named.
    """
    counts = _allocated(mixture, planned)
    names = list(planned)
    chosen: dict[str, pl.DataFrame] = {}
    left: list[pl.DataFrame] = []
    for number, source in enumerate(mixture.sources):
        candidates = _keyed(planned[source.name].samples, number, names, repeat=0)
        times = _times(candidates, source, counts[source.name], mixture.spec.seed)
        chosen[source.name] = _repeated(times.filter(pl.col("times") > 0), number, names)
        left.append(_records_of(times.filter(pl.col("times") == 0), number))
    lost = pl.concat(left)
    return {
        name: replace(part, samples=chosen[name], not_drawn=_with_lost(part, lost, number))
        for number, (name, part) in enumerate(planned.items())
    }


def _allocated(mixture: ResolvedMixture, planned: Mapping[str, SourcePlan]) -> dict[str, int]:
    """Samples of each source, repeats among them."""
    how = mixture.spec.balance
    counts = dict.fromkeys(planned, 0)
    supplies = [_supply(s, len(planned[s.name].samples)) for s in mixture.sources]
    if not any(supply.samples for supply in supplies):
        return counts
    tree = claims(supplies, how.strategy)
    total = largest_total(tree) if how.total_samples is None else how.total_samples
    if mixture.limit_records is not None:  # a trial of some records gives what it can
        total = min(total, tree.limit_samples)
    if total > tree.limit_samples:
        raise _unreachable(mixture, total, tree.limit_samples)
    return counts | allocate(tree, total)


def _supply(source: ResolvedSource, samples: int) -> Supply:
    return Supply(
        name=source.name,
        dataset=source.spec.dataset,
        task=source.dataset.task,
        samples=samples,
        cap_samples=source.cap_samples,
        max_repeats=source.max_repeats,
        weight=source.spec.weight,
    )


def _unreachable(mixture: ResolvedMixture, total: int, reachable: int) -> ConfigError:
    problem = Problem(
        where=mixture.loaded.where("balance", "total_samples"),
        key="balance.total_samples",
        found=f"{total:,} samples cannot be reached: the sources give at most {reachable:,}, "
        "with their caps and repeats.",
        mend="Lower it, or raise `cap_samples` or `max_repeats`.",
    )
    return ConfigError(f"mixture {mixture.loaded.path}", [problem])


def _times(candidates: pl.DataFrame, source: ResolvedSource, count: int, seed: int) -> pl.DataFrame:
    """Adds `times` that each sample is written, and `by`: what leaves it out where that is 0."""
    keys, purpose = candidates["key"], f"samples of {source.name}"
    times = draw_times(keys, count, seed=seed, purpose=purpose)
    under_cap = draw(keys, source.cap_samples, seed=seed, purpose=purpose)
    return candidates.with_columns(
        times=pl.Series(times),
        by=pl.when(pl.Series(under_cap)).then(pl.lit("balance")).otherwise(pl.lit("cap_samples")),
    )


def _repeated(samples: pl.DataFrame, number: int, names: Sequence[str]) -> pl.DataFrame:
    """A row each time that a sample is written; each has a key of its own, and `repeat`."""
    most = int(samples["times"].max() or 0)  # type: ignore[arg-type]
    rounds = [samples.with_columns(repeat=pl.lit(0, dtype=pl.Int32))]
    for repeat in range(1, most):
        again = samples.filter(pl.col("times") > repeat)
        again = again.with_columns(repeat=pl.lit(repeat, dtype=pl.Int32))
        rounds.append(_keyed(again, number, names, repeat=repeat))
    return pl.concat(rounds).drop("times", "by")


def _keyed(
    samples: pl.DataFrame, number: int, names: Sequence[str], *, repeat: int
) -> pl.DataFrame:
    ids = _full_ids(samples, number, names)
    keys = merge.sample_keys(ids, source=names[number], split=SPLIT, repeat=repeat)
    return samples.with_columns(key=pl.Series(keys, dtype=pl.String))


def _full_ids(samples: pl.DataFrame, number: int, names: Sequence[str]) -> Iterable[Iterable[str]]:
    """The record ids of each sample; those of another source with that source's name."""
    for ids, sources in samples.select("record_ids", "row_sources").iter_rows():
        if sources is None:
            yield ids
        else:
            pairs = zip(ids, sources, strict=True)
            yield [i if s == number else f"{names[s]}:{i}" for i, s in pairs]


def _records_of(samples: pl.DataFrame, number: int) -> pl.DataFrame:
    """`source`, `row` and `by` of each record in these samples of one source."""
    own = pl.lit(number, dtype=pl.UInt16).repeat_by(pl.col("rows").list.len())
    flat = samples.select("by", row="rows", source=pl.coalesce("row_sources", own))
    return flat.explode("row", "source")


def _with_lost(part: SourcePlan, lost: pl.DataFrame, number: int) -> pl.DataFrame:
    """The records of a source that are not drawn, with those of samples that are not."""
    own = lost.filter(pl.col("source") == number)
    if own.is_empty():
        return part.not_drawn
    records = Spool(part.spool).light_columns().select("row", "record_id", "place")
    found = records.join(own, on="row", maintain_order="left").select(list(NOT_DRAWN_SCHEMA))
    return pl.concat([part.not_drawn, found])
