"""Balanced builds: totals, repeats that are phrased anew, and records counted once."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import datakit
from datakit.errors import ConfigError
from tests.cli.command import datakit as command
from tests.releases import Release

# 5 samples of ChartQA, 2 of DocVQA and 4 conversations.
PER_DATASET = ("balance.strategy=per-dataset", "balance.max_repeats=4")


def counts(plan: datakit.Plan) -> dict[str, tuple[int, int]]:
    """Samples and different ones of each source."""
    return {s.name: (s.samples, s.unique_samples) for s in plan.sources}


def test_without_a_total_every_share_is_exact(release: Release) -> None:
    once = datakit.plan(release.mixture, overrides=["balance.strategy=per-dataset"])
    assert counts(once) == {"chartqa": (2, 2), "docvqa": (2, 2), "sharegpt-4v": (2, 2)}
    often = datakit.plan(release.mixture, overrides=PER_DATASET)
    assert counts(often) == {"chartqa": (8, 5), "docvqa": (8, 2), "sharegpt-4v": (8, 4)}


def test_the_printed_plan_says_shares_and_repeats(release: Release) -> None:
    table = command("plan", release.mixture, *(f"--set={o}" for o in PER_DATASET)).stdout
    assert "small: 24 samples" in table
    assert re.search(r"^docvqa +2 +8 +2 +33.3% +4.00 ", table, re.M)
    assert re.search(r"^chartqa +5 +8 +5 +33.3% +1.60 ", table, re.M)


@pytest.mark.parametrize(
    ("overrides", "samples"),
    [
        (["balance.strategy=per-task"], [3, 3, 6]),
        (["balance.strategy=weighted", "sources.chartqa.weight=2"], [6, 3, 3]),
        (["sources.docvqa.max_repeats=9"], [6, 2, 4]),
    ],
)
def test_a_total_of_12(release: Release, overrides: list[str], samples: list[int]) -> None:
    base = ["balance.total_samples=12", "sources.docvqa.max_repeats=3", "balance.max_repeats=2"]
    plan = datakit.plan(release.mixture, overrides=[*base, *overrides])
    assert [source.samples for source in plan.sources] == samples


def test_a_larger_total_only_adds_samples(release: Release) -> None:
    before: set[str] = set()
    for total in range(1, 45):
        overrides = [*PER_DATASET, f"balance.total_samples={total}"]
        table = datakit.plan(release.mixture, overrides=overrides).table
        assert before < set(table["key"])
        assert len(table) == total
        before = set(table["key"])


def test_an_unreachable_total_names_the_reachable_one_and_its_line(
    release: Release, tmp_path: Path
) -> None:
    text = release.mixture.read_text() + "balance:\n  cap_samples: 3\n  total_samples: 5000\n"
    result = command("build", release.write_mixture(text), "--out", tmp_path / "out")
    assert result.returncode == 2
    assert (
        "mixture.yaml:10: balance.total_samples: 5,000 samples cannot be reached" in result.stderr
    )
    assert "give at most 8, with their caps and repeats" in result.stderr
    base = release.write_mixture(text, "base.yaml")
    path = release.write_mixture("extends: base.yaml\nname: top\n", "top.yaml")
    with pytest.raises(ConfigError, match=f"{base}:10: balance.total_samples"):
        datakit.plan(path)


def test_a_trial_of_some_records_gives_what_it_can_of_the_total(release: Release) -> None:
    overrides = ["balance.total_samples=11"]
    assert len(datakit.plan(release.mixture, overrides=overrides).samples) == 11
    trial = datakit.plan(release.mixture, overrides=overrides, limit_records=2)
    assert len(trial.samples) == 1 + 1 + 2


def test_repeats_have_keys_and_phrasings_of_their_own(release: Release, tmp_path: Path) -> None:
    result = datakit.build(release.mixture, out=tmp_path / "out", overrides=PER_DATASET)
    assert datakit.verify(tmp_path / "out") == []
    data = datakit.open(tmp_path / "out")
    assert len(set(data.index["key"])) == len(data) == 24
    pages = data.index.filter(pl.col("source") == "docvqa")
    assert sorted(pages["repeat"]) == [0, 0, 1, 1, 2, 2, 3, 3]
    one = pages.filter(pl.col("record_ids").list.contains("100")).sort("repeat")
    assert [data[key].provenance.repeat for key in one["key"]] == [0, 1, 2, 3]
    assert len({tuple(names) for names in one["templates"]}) > 1
    assert data.why_record("docvqa", "100").keys == tuple(
        pages.filter(pl.col("record_ids").list.contains("100"))["key"]
    )
    docvqa = next(s for s in result.manifest.sources if s.name == "docvqa")
    assert (docvqa.samples, docvqa.unique_samples, docvqa.used_records) == (8, 2, 5)


def test_repeats_leave_the_first_round_as_it_was(release: Release) -> None:
    plain = datakit.plan(release.mixture).table
    often = datakit.plan(release.mixture, overrides=PER_DATASET).table
    assert set(often.filter(pl.col("repeat") == 0)["key"]) == set(plain["key"])


def test_what_balancing_leaves_out_is_told_from_what_the_cap_does(
    release: Release, tmp_path: Path
) -> None:
    overrides = ["balance.total_samples=6", "sources.chartqa.cap_samples=4"]
    datakit.build(release.mixture, out=tmp_path / "out", overrides=overrides)
    left = pl.read_parquet(tmp_path / "out" / "not_drawn.parquet")
    records = left.filter(pl.col("source") == "chartqa")
    assert set(records["by"]) == {"balance", "cap_samples"}
    assert set(left.filter(pl.col("source") == "docvqa")["by"]) == {"balance"}


def test_a_record_that_fails_in_one_repeat_only_is_used(release: Release, tmp_path: Path) -> None:
    own = tmp_path / "own" / "fine"
    own.mkdir(parents=True)
    (own / "docvqa.yaml").write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: good, user: 'Read: {{ question }}', assistant: '{{ answer }}'}\n"
        "  - {id: fails, user: '{{ question }}', "
        "assistant: '{% if \"line 1\" not in answer %}{{ answer }}{% endif %}'}\n"
    )
    overrides = [*PER_DATASET, "instructize.multi_turn=false", "max_reject_share=1"]
    result = datakit.build(
        release.mixture, out=tmp_path / "out", templates=tmp_path / "own", overrides=overrides
    )
    for source in result.manifest.sources:
        dropped = source.not_drawn_records + sum(source.rejected_records.values())
        assert source.records == source.used_records + dropped
    index = pl.read_parquet(tmp_path / "out" / "index.parquet")
    of_line_1 = index.filter(pl.col("record_ids").list.contains("101"))
    planned = datakit.plan(release.mixture, overrides=overrides).sources[1]
    assert 0 < len(of_line_1) < 4, "the seed draws the failing template once at least"
    assert next(s for s in result.manifest.sources if s.name == "docvqa").samples < planned.samples
    assert pl.read_parquet(tmp_path / "out" / "rejects.parquet").is_empty()
    assert datakit.open(tmp_path / "out").why_record("docvqa", "101").fate == "used"


def test_one_and_two_workers_give_the_same_bytes(release: Release, tmp_path: Path) -> None:
    overrides = [*PER_DATASET, "output.shard_samples=5"]
    one = datakit.build(release.mixture, out=tmp_path / "1", overrides=overrides, workers=1)
    two = datakit.build(release.mixture, out=tmp_path / "2", overrides=overrides, workers=2)
    assert one.manifest == two.manifest


def test_a_category_has_its_share(release: Release) -> None:
    shares = "balance.category_shares={documents and charts: 0.75}"
    often = [shares, "balance.max_repeats=4"]
    plan = datakit.plan(release.mixture, overrides=[*often, "balance.total_samples=12"])
    assert counts(plan) == {"chartqa": (6, 5), "docvqa": (3, 2), "sharegpt-4v": (3, 3)}
    largest = datakit.plan(release.mixture, overrides=often)
    assert counts(largest) == {"chartqa": (20, 5), "docvqa": (8, 2), "sharegpt-4v": (9, 4)}


def test_a_category_without_sources_and_shares_above_all_are_named(release: Release) -> None:
    text = release.mixture.read_text()
    path = release.write_mixture(text + "balance:\n  category_shares: {documents: 0.5}\n")
    with pytest.raises(ConfigError) as caught:
        datakit.resolve(path)
    (problem,) = caught.value.problems
    assert problem.found == "no source is of the category 'documents'."
    assert problem.mend == "Did you mean 'documents and charts'?"
    assert str(problem.where).endswith("mixture.yaml:9")
    shares = "balance.category_shares={documents and charts: 0.7, instruction: 0.4}"
    with pytest.raises(ConfigError, match=r"the shares add up to 1.1, expected at most 1"):
        datakit.resolve(release.mixture, overrides=[shares])
