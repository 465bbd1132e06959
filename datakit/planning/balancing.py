"""How many samples each source gives, which of its own, and how often each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import polars as pl

from datakit.balance import Supply, allocate, claims, draw, draw_times, largest_total
from datakit.errors import ConfigError, Problem
from datakit.planning import merge
from datakit.planning.record_names import RecordNames
from datakit.planning.resolve import ResolvedMixture, ResolvedSource
from datakit.planning.screen import NOT_DRAWN_SCHEMA
from datakit.planning.source_plan import TRAIN, VAL, SourcePlan
from datakit.sources.spool import Spool

LOOKED_UP_SAMPLES = 1 << 14


def balance_sources(
    mixture: ResolvedMixture, planned: Mapping[str, SourcePlan]
) -> dict[str, SourcePlan]:
    """Draws the samples of each source and repeats them, as the mixture's `balance` says.

    Those that are held out are all taken, and once.

    Returns:
        The plans with `key`, `repeat` and `split` in their samples, and with what was not drawn.

    Raises:
        ConfigError: the sources cannot give `total_samples`; what they can give is named.
    """
    counts = _allocated(mixture, planned)
    names = list(planned)
    records = RecordNames({n: Spool(part.spool) for n, part in enumerate(planned.values())})
    chosen: dict[str, pl.DataFrame] = {}
    left: list[pl.DataFrame] = []
    for number, source in enumerate(mixture.sources):
        keyed = partial(_keyed, number=number, names=names, records=records)
        samples = planned[source.name].samples
        kept = keyed(samples.filter(pl.col("held_out")), split=VAL, repeat=0)
        candidates = keyed(samples.filter(~pl.col("held_out")), split=TRAIN, repeat=0)
        times = _times(candidates, source, counts[source.name], mixture.spec.seed)
        drawn = _repeated(times.filter(pl.col("times") > 0), partial(keyed, split=TRAIN))
        chosen[source.name] = pl.concat([drawn, kept]).drop("held_out")
        left.append(_rows_of(times.filter(pl.col("times") == 0), number, "by"))
    lost = pl.concat(left)
    return {
        name: replace(part, samples=chosen[name], not_drawn=_with_lost(part, lost, number, records))
        for number, (name, part) in enumerate(planned.items())
    }


def _allocated(mixture: ResolvedMixture, planned: Mapping[str, SourcePlan]) -> dict[str, int]:
    """Samples of each source, repeats among them."""
    how = mixture.spec.balance
    counts = dict.fromkeys(planned, 0)
    supplies = [_supply(s, planned[s.name].candidate_samples) for s in mixture.sources]
    if not any(supply.samples for supply in supplies):
        return counts
    tree = claims(supplies, how.strategy, how.category_shares)
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
        category=source.dataset.category,
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


def _repeated(samples: pl.DataFrame, keyed: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    """A row each time that a sample is written; each has a key of its own, and `repeat`."""
    most = int(samples["times"].max() or 0)  # type: ignore[arg-type]
    rounds = [samples]
    for repeat in range(1, most):
        rounds.append(keyed(samples.filter(pl.col("times") > repeat), repeat=repeat))
    return pl.concat(rounds).drop("times", "by")


def _keyed(
    samples: pl.DataFrame,
    *,
    number: int,
    names: Sequence[str],
    records: RecordNames,
    split: str,
    repeat: int,
) -> pl.DataFrame:
    ids = _full_ids(samples, number, names, records)
    keys = merge.sample_keys(ids, source=names[number], split=split, repeat=repeat)
    return samples.with_columns(
        key=pl.Series(keys, dtype=pl.String),
        split=pl.lit(split),
        repeat=pl.lit(repeat, dtype=pl.Int32),
    )


def _full_ids(
    samples: pl.DataFrame, number: int, names: Sequence[str], records: RecordNames
) -> Iterator[list[str]]:
    """The record ids of each sample; those of another source with that source's name."""
    own = pl.col("source") == number
    name = pl.col("source").replace_strict(
        list(range(len(names))), list(names), return_dtype=pl.String
    )
    full = pl.when(own).then("record_id").otherwise(pl.format("{}:{}", name, "record_id"))
    for part in samples.iter_slices(LOOKED_UP_SAMPLES):
        rows = _rows_of(part, number)
        rows = rows.with_columns(record_id=records.ids(rows))
        ids = iter(rows.select(full).to_series().to_list())
        yield from (list(islice(ids, count)) for count in part["rows"].list.len())


def _rows_of(samples: pl.DataFrame, number: int, *keep: str) -> pl.DataFrame:
    """`source` and `row` of each record in these samples of one source."""
    own = pl.lit(number, dtype=pl.UInt16).repeat_by(pl.col("rows").list.len())
    flat = samples.select(*keep, row="rows", source=pl.coalesce("row_sources", own))
    return flat.explode("row", "source")


def _with_lost(
    part: SourcePlan, lost: pl.DataFrame, number: int, records: RecordNames
) -> pl.DataFrame:
    """The records of a source that are not drawn, with those of samples that are not."""
    own = lost.filter(pl.col("source") == number).sort("row")
    return pl.concat([part.not_drawn, records.named(own).select(list(NOT_DRAWN_SCHEMA))])
