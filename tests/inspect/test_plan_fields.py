"""What a plan counts adds up, agrees with the build, and needs no images."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.inspect import plan_fields
from datakit.inspect.plan_counts import COUNTED, SUMMED
from tests.releases import Release

CAPS = (
    "sources.chartqa.cap_records=10",
    "sources.docvqa.cap_samples=1",
    "balance.total_samples=6",
    "balance.max_repeats=3",
)


def by_name(fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {source["name"]: source for source in fields["sources"]}


@pytest.mark.parametrize("overrides", [(), CAPS], ids=["all", "capped"])
def test_counts_add_up_within_each_source_and_over_tasks_and_categories(
    release: Release, overrides: tuple[str, ...]
) -> None:
    fields = plan_fields(datakit.plan(release.mixture, overrides=overrides))
    for part in (*fields["sources"], *fields["tasks"], *fields["categories"]):
        gone = part["not_drawn_records"] + sum(part["rejected_records"].values())
        assert part["records"] == part["used_records"] + gone
        assert part["candidate_samples"] == part["unique_samples"] + part["cut_samples"]
        assert part["cut_samples"] == sum(part["cut_samples_by"].values())
        assert part["not_drawn_records"] == sum(part["not_drawn_records_by"].values())
        assert part["planned_bytes"] > part["image_bytes"]
    for groups in (fields["sources"], fields["tasks"], fields["categories"]):
        assert sum(group["samples"] for group in groups) == fields["samples"]
        assert sum(group["images"] for group in groups) == fields["images"]
        assert sum(group["share_of_samples"] for group in groups) == pytest.approx(1)


def test_every_count_is_summed_over_the_sources_of_a_task(release: Release) -> None:
    fields = plan_fields(datakit.plan(release.mixture))
    tasks = {task["name"]: task for task in fields["tasks"]}
    assert {name: task["sources"] for name, task in tasks.items()} == {
        "conversation": 1,
        "vqa-open": 2,
    }
    sources = by_name(fields)
    for key in SUMMED:
        assert tasks["conversation"][key] == sources["sharegpt-4v"][key]
        both = sources["chartqa"][key] + sources["docvqa"][key]
        assert tasks["vqa-open"][key] == pytest.approx(both)
    assert set(COUNTED) <= set(tasks["vqa-open"])


def test_what_each_cap_cuts_is_told_in_records_and_in_samples(release: Release) -> None:
    sources = by_name(plan_fields(datakit.plan(release.mixture, overrides=CAPS)))
    whole = by_name(plan_fields(datakit.plan(release.mixture)))
    assert sources["chartqa"]["not_drawn_records_by"]["cap_records"] == 3
    assert sources["docvqa"]["cut_samples_by"] == {
        "cap_samples": whole["docvqa"]["candidate_samples"] - 1
    }
    assert sources["docvqa"]["not_drawn_records_by"]["cap_samples"] > 0
    balanced = plan_fields(datakit.plan(release.mixture, overrides=["balance.total_samples=3"]))
    assert {cap for s in balanced["sources"] for cap in s["cut_samples_by"]} == {"balance"}


def test_repeats_count_as_samples_and_show_their_images_again(release: Release) -> None:
    repeats = ("balance.total_samples=20", "balance.max_repeats=4")
    fields = plan_fields(datakit.plan(release.mixture, overrides=repeats))
    assert (fields["samples"], fields["unique_samples"]) == (20, 11)
    assert fields["times_each"] == pytest.approx(20 / 11)
    assert fields["images"] > fields["unique_images"]


def test_a_source_that_gives_no_sample_is_there_with_zeros(release: Release) -> None:
    shutil.rmtree(release.root / "DocVQA" / "documents")
    empty = by_name(plan_fields(datakit.plan(release.mixture)))["docvqa"]
    assert empty["rejected_records"] == {"image-missing": 5}
    names = ("samples", "images", "unique_images", "turns", "share_of_samples", "times_each")
    assert [empty[name] for name in names] == [0] * len(names)


def test_the_plan_counts_what_the_build_writes(release: Release, tmp_path: Path) -> None:
    planned = plan_fields(datakit.plan(release.mixture, overrides=CAPS))
    built = datakit.build(release.mixture, out=tmp_path / "out", workers=1, overrides=CAPS).manifest
    index = datakit.open(tmp_path / "out").index
    assert planned["fingerprint"] == built.fingerprint
    assert planned["shards"] == len(built.shards)
    assert planned["images"] == index["num_images"].sum()
    for source in built.sources:
        told = by_name(planned)[source.name]
        for name in ("records", "used_records", "not_drawn_records", "samples", "unique_samples"):
            assert told[name] == getattr(source, name)


def test_a_plan_can_be_made_before_the_images_are_there(release: Release) -> None:
    with_images = plan_fields(datakit.plan(release.mixture))
    for image in [p for p in release.root.rglob("*") if p.suffix in (".png", ".jpg")]:
        image.unlink()
    fields = plan_fields(datakit.plan(release.mixture, without_images=True))
    lost = by_name(with_images)
    for name, source in by_name(fields).items():
        assert "image-missing" not in source["rejected_records"]
        missing = lost[name]["rejected_records"].get("image-missing", 0)
        assert source["used_records"] == lost[name]["used_records"] + missing
        assert source["image_bytes"] is None
    unknown = ("fingerprint", "shards", "image_bytes", "planned_bytes")
    assert [fields[name] for name in unknown] == [None] * len(unknown)


def test_sources_that_share_conversations_are_planned_without_images_too(release: Release) -> None:
    text = release.mixture.read_text() + "merge_sources: [[chartqa, docvqa]]\n"
    release.mixture.write_text(text)
    samples = len(datakit.plan(release.mixture).samples)
    for image in release.root.rglob("*.png"):
        image.write_bytes(b"no image")
    assert len(datakit.plan(release.mixture, without_images=True).samples) == samples
