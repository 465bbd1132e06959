"""What is held out for validation: no image on both sides, and everything accounted for."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

import datakit
from datakit.cli.plan_summary import plan_summary
from datakit.cli.summary import build_summary
from datakit.errors import DataError
from datakit.shards.leaks import leaked_images
from tests.releases import Release, draw

HALF = ("holdout.share=0.5",)


@pytest.fixture
def many(release: Release) -> Release:
    """40 charts and 40 scenes: half of the scenes are charts under other names; and 20 texts."""
    charts, scenes = release.charts / "png", release.root / "ShareGPT4V" / "scenes"
    questions: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number in range(40):
        draw(charts / f"{number}.png", f"{number}", (60 + number, 50))
        ask = {"imgname": f"{number}.png", "label": "3"}
        questions += [{**ask, "query": f"Bar {bar} of {number}?"} for bar in range(3)]
        scene = scenes / f"scene {number}.png"
        if number < 20:
            shutil.copy(charts / f"{number}.png", scene)
        else:
            draw(scene, f"s{number}", (60 + number, 40))
        rows.append(_conversation(f"scene {number}", [scene.name]))
    rows += [_conversation(f"text {number}", []) for number in range(20)]
    release.edit_chart_rows(questions)
    (release.root / "ShareGPT4V" / "conversations.json").write_text(json.dumps(rows))
    return release


def _conversation(name: str, images: list[str]) -> dict[str, Any]:
    said = "<image>" * len(images) + f"Tell me of {name}."
    turns = [{"from": "human", "value": said}, {"from": "gpt", "value": f"It is {name}."}]
    return {"id": name, "image": images, "conversations": turns}


def images_of(table: pl.DataFrame, split: str) -> set[str]:
    """Digests of the images of a split."""
    return set(table.filter(pl.col("split") == split)["image_sha256"].explode().drop_nulls())


def val_records(plan: datakit.Plan) -> set[tuple[str, int]]:
    """Source and row of every record that is held out."""
    own = plan.samples.filter(pl.col("split") == "val").explode("rows")
    return set(own.select("source", "rows").iter_rows())


def test_no_image_is_on_both_sides_whatever_it_is_called(many: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = datakit.build(many.mixture, out=out, overrides=HALF, workers=1)
    index = datakit.open(out).index
    train, val = images_of(index, "train"), images_of(index, "val")
    assert train and val and not train & val
    shared = index.explode("image_sha256").group_by("image_sha256").agg("source", "split")
    both = shared.filter(pl.col("source").list.n_unique() > 1)
    assert len(both) >= 20
    assert set(both["split"].explode()) == {"train", "val"}
    assert datakit.verify(out) == []
    for source in result.manifest.sources:
        dropped = source.not_drawn_records + sum(source.rejected_records.values())
        assert source.used_records + dropped == source.records
        own = index.filter(pl.col("source") == source.name)
        assert dict(own.group_by("split").len().iter_rows()).get("val", 0) == source.val_samples
        assert source.samples + source.val_samples == len(own)
    texts = index.filter(pl.col("num_images") == 0)
    assert set(texts["split"]) == {"train", "val"}


def test_raising_the_share_only_adds_and_other_sources_change_nothing(many: Release) -> None:
    before: set[tuple[str, int]] = set()
    for percent in (2, 5, 12, 13, 30, 60, 90):
        plan = datakit.plan(many.mixture, overrides=[f"holdout.share={percent / 100}"])
        assert before <= val_records(plan)
        before = val_records(plan)
    alone = datakit.plan(many.mixture, overrides=[*HALF, "leave_out=[docvqa, sharegpt-4v]"])
    together = datakit.plan(many.mixture, overrides=HALF)
    assert val_records(alone) == {r for r in val_records(together) if r[0] == "chartqa"}


def test_it_is_taken_before_caps_and_is_no_part_of_totals(many: Release) -> None:
    caps = ["sources.chartqa.cap_records=30", "balance.cap_samples=9", "balance.total_samples=12"]
    free, capped = (datakit.plan(many.mixture, overrides=[*HALF, *more]) for more in ([], caps))
    assert val_records(free) == val_records(capped)
    assert sum(source.samples for source in capped.sources) == 12
    assert all(source.samples <= 9 for source in capped.sources)
    for source in capped.sources:
        dropped = source.not_drawn_records + sum(source.rejected_records.values())
        assert source.used_records + dropped == source.records


def test_repeats_are_for_training_only(many: Release) -> None:
    often = ["balance.strategy=per-dataset", "balance.max_repeats=3"]
    plan = datakit.plan(many.mixture, overrides=[*HALF, *often])
    assert plan.table.filter(pl.col("split") == "val")["repeat"].to_list().count(0) == len(
        plan.table.filter(pl.col("split") == "val")
    )
    assert plan.table["repeat"].max() == 2


@pytest.mark.parametrize("most", [1, 3, 8])
def test_a_source_gives_at_most_max_samples(many: Release, most: int) -> None:
    overrides = ["holdout.share=0.9", f"holdout.max_samples={most}"]
    sources = datakit.plan(many.mixture, overrides=overrides).sources
    assert all(source.val_samples <= most for source in sources)
    assert max(source.val_samples for source in sources) == most


def test_images_that_share_conversations_stay_together(many: Release, tmp_path: Path) -> None:
    file = many.root / "ShareGPT4V" / "conversations.json"
    rows = json.loads(file.read_text())
    pairs = [[f"scene {n}.png", f"scene {n + 1}.png"] for n in range(0, 40) if n % 4 != 3]
    rows += [_conversation("pair " + pair[0], pair) for pair in pairs]
    file.write_text(json.dumps(rows))
    datakit.build(many.mixture, out=tmp_path / "out", overrides=["holdout.share=0.4"], workers=1)
    index = datakit.open(tmp_path / "out").index
    assert images_of(index, "train") and images_of(index, "val")
    assert not images_of(index, "train") & images_of(index, "val")


def test_an_image_that_cannot_be_read_is_rejected_where_it_is_written(
    many: Release, tmp_path: Path
) -> None:
    target = many.charts / "png" / "7.png"
    target.write_bytes(b"")
    overrides = ["holdout.share=0.9", "max_reject_share=1"]
    for match in ("content", "perceptual"):
        out = tmp_path / match
        more = [*overrides, f"holdout.match={match}"]
        result = datakit.build(many.mixture, out=out, overrides=more, workers=1)
        assert result.manifest.sources[0].rejected_records["image-empty"] == 3
        assert datakit.verify(out) == []


def test_perceptual_keeps_copies_in_other_encodings_together(many: Release) -> None:
    scenes = many.root / "ShareGPT4V" / "scenes"
    noise = Image.effect_noise
    for number in range(20):
        picture = noise((8, 8), 90 + number).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(many.charts / "png" / f"{number}.png")
        Image.open(many.charts / "png" / f"{number}.png").resize((250, 188)).save(
            scenes / f"scene {number}.png", "JPEG", quality=70
        )
    plan = datakit.plan(many.mixture, overrides=[*HALF, "holdout.match=perceptual"])
    sides: dict[str, set[str]] = {}
    for split, images in plan.samples.select("split", "images").iter_rows():
        for image in images:
            stem = Path(image).stem.removeprefix("scene ")
            if stem.isdigit() and int(stem) < 20:
                sides.setdefault(stem, set()).add(split)
    assert len(sides) == 20
    assert all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "val"}


def test_a_very_large_image_is_no_cause_for_a_warning(many: Release) -> None:
    Image.new("1", (9_500, 9_500)).save(many.charts / "png" / "7.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datakit.plan(many.mixture, overrides=[*HALF, "holdout.match=perceptual"])


def test_packed_or_not_the_same_is_held_out(many: Release) -> None:
    one = datakit.plan(many.mixture, overrides=HALF)
    folder = many.charts / "png"
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    packed = datakit.plan(many.mixture, overrides=HALF)
    assert val_records(one) == val_records(packed)
    assert one.fingerprint == packed.fingerprint


def test_one_and_two_workers_give_the_same_bytes(many: Release, tmp_path: Path) -> None:
    small = [*HALF, "output.shard_samples=7"]
    one, two = (
        datakit.build(many.mixture, out=tmp_path / str(n), overrides=small, workers=n)
        for n in (1, 2)
    )
    assert one.manifest == two.manifest


def test_an_image_in_two_splits_is_told() -> None:
    rows = [("a", "train", ["1", "2"]), ("b", "val", ["2", "3"]), ("c", "val", ["3"])]
    index = pl.DataFrame(rows, schema=["key", "split", "image_sha256"], orient="row")
    assert list(leaked_images(index)) == [
        "image 2 is in more than one split: a, b. Its copies differ at their sources: build with "
        "`holdout.match: perceptual`."
    ]


def test_copies_that_encoding_makes_equal_are_found_and_mended(
    many: Release, tmp_path: Path
) -> None:
    scenes, noise = many.root / "ShareGPT4V" / "scenes", Image.effect_noise
    for number in range(20):
        picture = noise((8, 8), 90 + number).resize((320, 240), Image.Resampling.BICUBIC)
        picture.save(many.charts / "png" / f"{number}.png")
        picture.save(scenes / f"scene {number}.png", compress_level=1)
    encoded, out = [*HALF, "images.mode=jpeg", "leave_out=[docvqa]"], tmp_path / "out"
    with pytest.raises(DataError, match=r"trained on:\n  image \w+ .*`holdout.match: perceptual`"):
        datakit.build(many.mixture, out=out, overrides=encoded, workers=1)
    assert not (out / "manifest.json").exists()
    mended = [*encoded, "holdout.match=perceptual"]
    datakit.build(many.mixture, out=out, overrides=mended, workers=1, force=True)
    assert datakit.verify(out) == []


def test_summaries_and_exports_tell_both_splits(many: Release, tmp_path: Path) -> None:
    plan = datakit.plan(many.mixture, overrides=HALF)
    result = datakit.build(many.mixture, out=tmp_path / "out", overrides=HALF, workers=1)
    held_out = sum(source.val_samples for source in plan.sources)
    for text in (plan_summary(plan), build_summary(result.path, result.manifest)):
        assert f"({held_out} of them held out for validation)" in text
    exported = datakit.export(tmp_path / "out", to="llava", out=tmp_path / "llava")
    assert exported.samples["val"] == held_out
    rows, trained = (
        json.loads((tmp_path / "llava" / f"{split}.json").read_text()) for split in ("val", "train")
    )
    assert len(rows) == held_out
    assert not {row["id"] for row in rows} & {row["id"] for row in trained}


@pytest.mark.parametrize(
    "cap", ["balance.cap_samples", "sources.chartqa.cap_records", "balance.total_samples"]
)
def test_raising_a_cap_only_adds_beside_a_holdout(many: Release, cap: str) -> None:
    """Turns are samples of their own, since a record more would change the sample it joins."""
    alone = [*HALF, "instructize.multi_turn=false", "leave_out=[docvqa]"]
    before: set[str] = set()
    for most in (4, 9, 23):
        table = datakit.plan(many.mixture, overrides=[*alone, f"{cap}={most}"]).table
        assert before < set(table["key"])
        before = set(table["key"])


@pytest.mark.parametrize("match", ["content", "perceptual"])
def test_sources_without_images_or_without_any_record_left(release: Release, match: str) -> None:
    shutil.rmtree(release.root / "DocVQA" / "documents")
    file = release.root / "ShareGPT4V" / "conversations.json"
    file.write_text(json.dumps([_conversation(f"text {number}", []) for number in range(30)]))
    overrides = [*HALF, f"holdout.match={match}", "leave_out=[chartqa]"]
    pages, texts = datakit.plan(release.mixture, overrides=overrides).sources
    assert (pages.samples, pages.val_samples) == (0, 0)
    assert pages.rejected_records == {"image-missing": 5}
    assert texts.samples + texts.val_samples == 30
    assert texts.samples and texts.val_samples
