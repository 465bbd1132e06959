"""A comparison says what differs, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import datakit
from datakit import Difference
from datakit.errors import DamageError, UsageError
from datakit.inspect import plan_fields
from datakit.inspect.difference import RecordMove, SourceDifference
from tests.releases import Release, draw

SMALL_SHARDS = "output.shard_samples=3"


def build(release: Release, out: Path, *overrides: str) -> Path:
    datakit.build(release.mixture, out=out, workers=1, overrides=overrides)
    return out


def source(found: Difference, name: str) -> SourceDifference:
    return next(one for one in found.sources if one.name == name)


@pytest.fixture
def before(release: Release, tmp_path: Path) -> Path:
    return build(release, tmp_path / "before")


def test_equal_builds_are_identical(release: Release, before: Path, tmp_path: Path) -> None:
    found = datakit.diff(before, build(release, tmp_path / "after"))
    assert (found.identical, found.differs) == (True, False)
    assert not any(one.differs for one in found.sources)
    assert source(found, "docvqa").kept_samples == source(found, "docvqa").samples_before


def test_a_mixture_is_identical_to_its_build(release: Release, before: Path) -> None:
    found = datakit.diff(release.mixture, before)
    assert found.identical
    assert found.settings == ()
    assert datakit.diff(before, release.mixture).identical


def test_other_shards_of_the_same_samples_differ_in_that_setting_alone(
    release: Release, before: Path, tmp_path: Path
) -> None:
    found = datakit.diff(before, build(release, tmp_path / "after", SMALL_SHARDS))
    assert not found.identical
    assert [setting.key for setting in found.settings] == ["output.shard_samples"]
    assert not any(one.differs for one in found.sources)
    assert found.templates == ()


def test_samples_that_come_and_go_are_told_by_key(
    release: Release, before: Path, tmp_path: Path
) -> None:
    after = build(release, tmp_path / "after", "sources.docvqa.cap_samples=1")
    found = datakit.diff(before, after)
    docs = source(found, "docvqa")
    keys = [set(datakit.open(side).index["key"]) for side in (before, after)]
    assert docs.removed_samples == len(keys[0] - keys[1]) == docs.samples_before - 1
    assert (docs.added_samples, docs.kept_samples, docs.changed_text_samples) == (0, 1, 0)
    left = docs.counts_after["not_drawn_records"]
    assert docs.moved_records == (RecordMove(before="used", after="not drawn", records=left),)
    assert docs.share_after < docs.share_before
    assert [one.name for one in found.sources if one.differs] == ["docvqa"]
    again = datakit.diff(after, before)
    assert source(again, "docvqa").added_samples == docs.removed_samples


def test_texts_are_compared_by_key_wherever_they_stand(
    release: Release, before: Path, tmp_path: Path
) -> None:
    how = "sources.docvqa.instructize.response_format.prompt=Answer in French."
    after = build(release, tmp_path / "after", how, SMALL_SHARDS)
    found = datakit.diff(before, after, show_texts=2)
    docs = source(found, "docvqa")
    assert docs.changed_text_samples == docs.kept_samples == docs.samples_after
    assert [one.name for one in found.sources if one.differs] == ["docvqa"]
    assert len(found.texts) == 2
    one, other = datakit.open(before), datakit.open(after)
    for text in found.texts:
        assert text.before == [(m.role, m.content) for m in one[text.key].messages]
        assert text.after == [(m.role, m.content) for m in other[text.key].messages]
        assert "Answer in French." in text.after[0][1]


def test_an_edited_template_set_is_named_with_the_turns_of_each_template(
    release: Release, before: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "fine"
    folder.mkdir(parents=True)
    (folder / "docvqa.yaml").write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        '  - {id: only, user: "Read: {{ question }}", assistant: "{{ answer }}"}\n'
    )
    after = tmp_path / "after"
    datakit.build(release.mixture, out=after, workers=1, templates=folder.parent)
    found = datakit.diff(before, after)
    assert [setting.key for setting in found.settings] == ["template_digests.fine/docvqa"]
    assert found.templates is not None
    turns = {one.template: (one.turns_before, one.turns_after) for one in found.templates}
    assert turns["fine/docvqa#only"] == (0, source(found, "docvqa").counts_after["used_records"])
    assert all(name.startswith("fine/docvqa#") for name in turns)


def test_an_image_with_other_bytes_is_told_and_its_text_is_not(
    release: Release, before: Path, tmp_path: Path
) -> None:
    image = next(iter(sorted((release.root / "DocVQA" / "documents").iterdir())))
    draw(image, "another", size=(80, 60))
    found = datakit.diff(before, build(release, tmp_path / "after"))
    docs = source(found, "docvqa")
    assert docs.changed_image_samples == 1
    assert (docs.added_samples, docs.removed_samples, docs.changed_text_samples) == (0, 0, 0)


def test_a_source_that_only_one_side_has(release: Release, before: Path, tmp_path: Path) -> None:
    found = datakit.diff(before, build(release, tmp_path / "after", "leave_out=[docvqa]"))
    docs = source(found, "docvqa")
    assert (docs.samples_after, docs.removed_samples) == (0, docs.samples_before)
    assert docs.moved_records is not None
    assert {move.after for move in docs.moved_records} == {"absent"}
    assert sum(move.records for move in docs.moved_records) == 5


def test_two_mixtures_are_compared_without_a_build(release: Release) -> None:
    text = release.mixture.read_text().replace("split: val}", "split: val, cap_samples: 1}")
    other = release.write_mixture(text, "other.yaml")
    found = datakit.diff(release.mixture, other)
    docs = source(found, "docvqa")
    assert (docs.kept_samples, docs.added_samples) == (1, 0)
    assert docs.moved_records is not None
    assert [(m.before, m.after) for m in docs.moved_records] == [("used", "not drawn")]
    assert docs.changed_text_samples is None
    assert found.templates is None
    assert found.untold


def test_the_json_of_a_plan_is_compared_by_its_counts(
    release: Release, before: Path, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_fields(datakit.plan(release.mixture))))
    assert datakit.diff(path, before).identical
    capped = build(release, tmp_path / "after", "sources.docvqa.cap_samples=1")
    docs = source(datakit.diff(path, capped), "docvqa")
    assert (docs.samples_after, docs.added_samples, docs.moved_records) == (1, None, None)
    assert docs.differs


def test_a_sample_in_another_split_is_told(release: Release, before: Path, tmp_path: Path) -> None:
    after = build(release, tmp_path / "after", SMALL_SHARDS)
    index = pl.read_parquet(after / "index.parquet")
    first = pl.col("key") == index["key"][0]
    split = pl.when(first).then(pl.lit("val")).otherwise("split")
    index.with_columns(split=split).write_parquet(after / "index.parquet")
    found = datakit.diff(before, after)
    assert sum(one.moved_split_samples or 0 for one in found.sources) == 1


def test_repeats_of_a_sample_add_samples_and_move_no_record(
    release: Release, before: Path, tmp_path: Path
) -> None:
    more = ("balance.total_samples=20", "balance.max_repeats=4")
    found = datakit.diff(before, build(release, tmp_path / "after", *more))
    assert all(one.moved_records == () for one in found.sources)
    assert sum(one.added_samples or 0 for one in found.sources) == 9


def test_what_cannot_be_compared_is_an_error_that_says_so(before: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no build"):
        datakit.diff(before, tmp_path / "empty")
    with pytest.raises(UsageError, match="nothing at .*nowhere: expected a build's folder"):
        datakit.diff(before, tmp_path / "nowhere")
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(UsageError, match="not a plan"):
        datakit.diff(before, tmp_path / "other.json")
    (tmp_path / "old.json").write_text('{"kind": "plan", "format_version": 1, "name": "x"}')
    with pytest.raises(DamageError, match="not a whole plan"):
        datakit.diff(before, tmp_path / "old.json")


@pytest.mark.parametrize("damage", ["cut", "gone", "columns", "rows", "newer", "unfinished"])
def test_a_damaged_or_newer_build_is_an_error(
    damage: str, release: Release, before: Path, tmp_path: Path
) -> None:
    after = build(release, tmp_path / "after", SMALL_SHARDS)
    index, manifest = after / "index.parquet", after / "manifest.json"
    if damage == "cut":
        index.write_bytes(index.read_bytes()[:-100])
    elif damage == "gone":
        index.unlink()
    elif damage == "columns":
        pl.read_parquet(index).drop("image_sha256").write_parquet(index)
    elif damage == "rows":
        pl.read_parquet(index).head(2).write_parquet(index)
    elif damage == "newer":
        manifest.write_text(manifest.read_text().replace('version": 1', 'version": 99', 1))
    else:
        manifest.unlink()
        (after / ".build").mkdir()
    expected = UsageError if damage == "unfinished" else DamageError
    with pytest.raises(expected, match=str(after)):
        datakit.diff(before, after)


def test_a_shard_that_is_not_what_the_index_says_is_damage(
    release: Release, before: Path, tmp_path: Path
) -> None:
    after = build(release, tmp_path / "after", "seed=8")
    shard = after / "shards" / "train-000000.tar"
    shard.write_bytes(b"x" * shard.stat().st_size)
    with pytest.raises(DamageError, match="train-000000.tar, byte"):
        datakit.diff(before, after)
    shard.unlink()
    with pytest.raises(DamageError, match="No such file"):
        datakit.diff(before, after)
