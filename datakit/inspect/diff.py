"""What differs between two builds or plans: samples, shares, texts, templates, images, records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from datakit.errors import DamageError
from datakit.inspect.diff_sides import TOLD_OF_A_SOURCE, Side
from datakit.inspect.diff_text import ChangedText, changed_texts
from datakit.inspect.difference import (
    ChangedSetting,
    Difference,
    RecordMove,
    SourceDifference,
    TemplateDifference,
)

ABSENT = "absent"


def compare(
    before: Side,
    after: Side,
    *,
    show_texts: int = 3,
    on_samples: Callable[[int, int], None] = lambda _done, _total: None,
) -> Difference:
    """Compares two sides.

    Args:
        show_texts: how many of the samples with another text are kept in full.
        on_samples: called now and then with the samples whose text is compared, and all.

    Raises:
        DamageError: a build is damaged.
    """
    identical = _identical(before, after)
    shown: list[ChangedText] = []
    try:
        found = {} if identical else _sample_counts(before, after, shown, show_texts, on_samples)
        moves = None if identical else _moved_records(before, after)
        templates = () if identical else _templates(before, after)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamageError(
            f"{before.label} or {after.label}: a table cannot be read: {error}. "
            "See `datakit verify`."
        ) from error
    names = dict.fromkeys([*before.sources, *after.sources])
    return Difference(
        before=before,
        after=after,
        identical=identical,
        settings=tuple(_changed_settings(before.settings, after.settings)),
        sources=tuple(
            _source(name, before, after, found.get(name, {}), moves, identical) for name in names
        ),
        templates=templates,
        texts=tuple(shown),
        untold=() if identical else tuple(_untold(before, after)),
    )


def _identical(before: Side, after: Side) -> bool:
    if before.fingerprint is None or before.fingerprint != after.fingerprint:
        return False
    if before.manifest is None or after.manifest is None:
        return True
    return before.manifest.all_files == after.manifest.all_files


def _untold(before: Side, after: Side) -> Iterator[str]:
    if before.samples is None or after.samples is None:
        yield "samples, texts, images, templates and records: a plan's JSON holds counts alone"
    elif before.build is None or after.build is None:
        yield "texts, images and templates: a plan has none yet; compare two builds"


def _source(
    name: str,
    before: Side,
    after: Side,
    found: Mapping[str, int],
    moves: Mapping[str, list[RecordMove]] | None,
    identical: bool,
) -> SourceDifference:
    nothing = dict.fromkeys(TOLD_OF_A_SOURCE, 0)
    counts = [dict(side.sources.get(name, nothing)) for side in (before, after)]
    samples = [own.pop("samples") for own in counts]
    keyed = before.samples is not None and after.samples is not None
    read = before.build is not None and after.build is not None
    kept = samples[0] if identical else found.get("kept", 0)
    return SourceDifference(
        name=name,
        samples_before=samples[0],
        samples_after=samples[1],
        share_before=samples[0] / max(before.num_samples, 1),
        share_after=samples[1] / max(after.num_samples, 1),
        kept_samples=kept if keyed or identical else None,
        added_samples=samples[1] - kept if keyed or identical else None,
        removed_samples=samples[0] - kept if keyed or identical else None,
        moved_split_samples=found.get("split", 0) if keyed or identical else None,
        changed_text_samples=found.get("texts", 0) if read or identical else None,
        changed_image_samples=found.get("images", 0) if read or identical else None,
        counts_before=counts[0],
        counts_after=counts[1],
        moved_records=() if identical else None if moves is None else tuple(moves.get(name, ())),
    )


def _sample_counts(
    before: Side,
    after: Side,
    shown: list[ChangedText],
    show_texts: int,
    on_samples: Callable[[int, int], None],
) -> dict[str, dict[str, int]]:
    """Of each source `kept`, and of these `split`, `texts` and `images` where they differ.

    The first changed texts go to `shown`.
    """
    if before.samples is None or after.samples is None:
        return {}
    both = before.samples.join(after.samples, on=["key", "source"], how="inner", suffix="_b")
    kept = both.collect(engine="streaming")
    by_source = kept.group_by("source").agg(
        kept=pl.len(), split=(pl.col("split") != pl.col("split_b")).sum()
    )
    counts = {row.pop("source"): row for row in by_source.iter_rows(named=True)}
    if before.build is None or after.build is None:
        return counts
    others = kept.filter(pl.col("images") != pl.col("images_b")).group_by("source").len()
    for source, images in others.iter_rows():
        counts[source]["images"] = images
    kept = kept.select("key", "source", "shard", "offset", "shard_b", "offset_b")
    places = _not_surely_alike(kept, before, after)
    del kept
    for text in changed_texts(places, (before.build, after.build), on_samples):
        own = counts[text.source]
        own["texts"] = own.get("texts", 0) + 1
        if len(shown) < show_texts:
            shown.append(text)
    return counts


def _not_surely_alike(kept: pl.DataFrame, before: Side, after: Side) -> pl.DataFrame:
    """Without the samples that stand in the same place of shards with the same digest."""
    assert before.manifest is not None and after.manifest is not None
    there = {shard.sha256: shard.path for shard in after.manifest.shards}
    same = [
        (shard.path.rpartition("/")[2], there[shard.sha256].rpartition("/")[2])
        for shard in before.manifest.shards
        if shard.sha256 in there
    ]
    schema = {"shard": pl.String, "shard_b": pl.String}
    pairs = pl.DataFrame(same, schema=schema, orient="row")
    alike = kept.join(pairs, on=["shard", "shard_b"], how="semi")
    alike = alike.filter(pl.col("offset") == pl.col("offset_b"))
    return kept.join(alike, on="key", how="anti")


def _moved_records(before: Side, after: Side) -> dict[str, list[RecordMove]] | None:
    if before.records is None or after.records is None:
        return None
    moved = (
        before.records.join(
            after.records, on=["source", "record"], how="full", coalesce=True, suffix="_b"
        )
        .with_columns(pl.col("fate", "fate_b").fill_null(ABSENT))
        .filter(pl.col("fate") != pl.col("fate_b"))
        .group_by("source", "fate", "fate_b")
        .len()
        .sort("source", "fate", "fate_b")
        .collect(engine="streaming")
    )
    moves: dict[str, list[RecordMove]] = {}
    for source, was, is_now, count in moved.iter_rows():
        move = RecordMove(before=was, after=is_now, records=count)
        moves.setdefault(source, []).append(move)
    return moves


def _templates(before: Side, after: Side) -> tuple[TemplateDifference, ...] | None:
    if before.templates is None or after.templates is None:
        return None
    both = (
        before.templates.join(
            after.templates, on="template", how="full", coalesce=True, suffix="_b"
        )
        .with_columns(pl.col("turns", "turns_b").fill_null(0).cast(pl.Int64))
        .filter(pl.col("turns") != pl.col("turns_b"))
        .sort("template")
        .collect(engine="streaming")
    )
    return tuple(
        TemplateDifference(template=template, turns_before=turns, turns_after=turns_after)
        for template, turns, turns_after in both.iter_rows()
    )


def _changed_settings(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[ChangedSetting]:
    old, new = _flat(before), _flat(after)
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield ChangedSetting(key=key, before=old.get(key), after=new.get(key))


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys; sources by their names; many digests of one thing as one."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "fingerprint":
            continue
        if key == "annotations_sha256":
            flat[key] = hashlib.sha256(str(sorted(value.items())).encode()).hexdigest()
        elif key == "sources" and isinstance(value, list):
            for source in value:
                inner = _flat(source)
                flat |= {f"sources.{source['name']}.{name}": v for name, v in inner.items()}
        elif isinstance(value, dict):
            flat |= {f"{key}.{name}": inner for name, inner in _flat(value).items()}
        else:
            flat[key] = value
    return flat
