"""Each verb prints what a stranger can read, or JSON that a program can."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from datakit.catalog import describe, summaries
from tests.cli.command import build, datakit
from tests.releases import Release

VERBS = [
    "build",
    "check",
    "demo",
    "diff",
    "export",
    "info",
    "list",
    "plan",
    "preview",
    "schema",
    "show",
    "verify",
    "why",
]


def test_the_help_names_every_verb_and_each_verb_has_its_own() -> None:
    page = datakit("--help")
    assert page.returncode == 0
    for verb in VERBS:
        assert f"\n  {verb} " in page.stdout
        assert datakit(verb, "--help").returncode == 0


def test_no_arguments_show_the_help_and_an_unknown_verb_is_a_usage_error() -> None:
    assert "Commands:" in datakit().stdout + datakit().stderr
    unknown = datakit("biuld")
    assert unknown.returncode == 2
    assert "No such command" in unknown.stderr


def test_plan_prints_a_table_or_json_and_writes_nothing(release: Release, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    table = datakit("plan", release.mixture)
    assert "small: 11 samples, 1 shard" in table.stdout
    fields = json.loads(datakit("plan", release.mixture, "--json").stdout)
    assert fields["samples"] == 11
    assert [source["records"] for source in fields["sources"]] == [13, 5, 4]
    assert sorted(tmp_path.rglob("*")) == before


def test_plan_says_what_has_no_inversion_and_why(release: Release) -> None:
    table = datakit("plan", release.mixture, "--set", "instructize.diversity=multi+inversion")
    why = "not inverted, since the turns of a conversation stay as they are: sharegpt-4v"
    assert why in table.stdout
    assert re.search(r"^docvqa +fine/docvqa +short-directly +10 +30%$", table.stdout, re.M)
    assert "not inverted" not in datakit("plan", release.mixture).stdout


def test_check_preview_info_verify_and_why(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "small is well: 3 sources" in datakit("check", release.mixture).stdout
    preview = datakit("preview", release.mixture, "--source", "docvqa", "-n", 1).stdout
    assert "record 100, val_v1.0.json[0]" in preview
    assert "question: What stands in line 0?" in preview
    assert "Give the short answer directly." in preview
    assert max(map(len, preview.splitlines())) <= 80
    assert build(release, out).returncode == 0
    assert "11 samples, 1 shard" in datakit("info", out).stdout
    manifest = json.loads(datakit("info", out, "--json").stdout)
    key = json.loads((out / "manifest.json").read_text())
    assert manifest == key
    assert "is whole: 1 shard" in datakit("verify", out).stdout
    fate = datakit("why", out, "--record", "docvqa:103").stdout
    assert fate.startswith("record 103 of docvqa: used in docvqa-")
    origin = datakit("why", out, fate.split()[-1]).stdout
    assert re.search(r"^record_ids +103, 104$", origin, re.M)
    assert json.loads(datakit("why", out, fate.split()[-1], "--json").stdout)["num_images"] == 1
    told = json.loads(datakit("why", out, "--record", "docvqa:103", "--json").stdout)
    assert (told["fate"], told["keys"]) == ("used", [fate.split()[-1]])
    assert datakit("why", out).returncode == 2


def test_verify_ends_with_1_on_damage(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "out")
    (tmp_path / "out" / "README.md").write_text("mine")
    result = datakit("verify", tmp_path / "out")
    assert result.returncode == 1
    assert "README.md: 4 bytes, the manifest says" in result.stderr
    answer = datakit("verify", tmp_path / "out", "--json")
    assert answer.returncode == 1
    fields = json.loads(answer.stdout)
    assert (fields["well"], fields["samples"]) == (False, 11)
    assert fields["faults"][0].startswith("README.md: 4 bytes")


@pytest.mark.parametrize("kind", ["converters", "datasets", "templates", "mixtures"])
def test_what_is_listed_can_be_shown(kind: str) -> None:
    listed = summaries(kind)  # type: ignore[arg-type]
    assert listed
    for name, line in listed:
        assert line
        text = describe(kind.removesuffix("s"), name)
        assert name.rpartition("/")[2] in text or len(text) > 40


@pytest.mark.parametrize("kind", ["datasets", "mixtures"])
def test_lists_fit_the_screen_or_are_json(kind: str) -> None:
    listed = datakit("list", kind).stdout
    assert max(map(len, listed.splitlines())) <= 80
    fields = json.loads(datakit("list", kind, "--json").stdout)
    assert fields["kind"] == kind
    assert [item["name"] for item in fields["names"]] == [n for n, _ in summaries(kind)]  # type: ignore[arg-type]


def test_a_preview_of_one_source_reads_no_other(release: Release) -> None:
    (release.charts / "train_human.json").write_text("broken")
    result = datakit("preview", release.mixture, "--source", "docvqa", "-n", 1)
    assert "record 100, val_v1.0.json[0]" in result.stdout
    assert datakit("preview", release.mixture).returncode == 1
    unknown = datakit("preview", release.mixture, "--source", "docvq")
    assert unknown.returncode == 2
    assert "Did you mean 'docvqa'?" in unknown.stderr


def test_show_says_where_a_dataset_comes_from_and_what_a_mixture_takes_of_it() -> None:
    images = "train2014 of the images, from http://images.cocodataset.org/zips/train2014.zip"
    assert f"{images} (13.5 GB; split train)" in describe("dataset", "vqav2")
    mixture = describe("mixture", "eagle-1.8m")
    assert re.search(r"^dvqa +dvqa +25,000 +all +- +1 +unstated$", mixture, re.M)
    assert re.search(r"^openhermes +openhermes +300,000 +all ", mixture, re.M)
    lines = dict(summaries("mixtures"))
    assert lines["eagle-934k"].startswith("Eagle's first supervised mixture")
    assert lines["eagle-934k"].endswith("(8 sources)")


def test_show_of_an_unknown_name_gives_the_nearest() -> None:
    result = datakit("show", "dataset", "chartqq")
    assert result.returncode == 2
    assert "Did you mean 'chartqa'" in result.stderr


def test_schema_is_a_json_schema_with_descriptions() -> None:
    schema = json.loads(datakit("schema", "mixture").stdout)
    assert schema["properties"]["sources"]["minItems"] == 1
    assert "path" in schema["$defs"]["Source"]["required"]


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" not in datakit("info", tmp_path).stderr
    assert "Traceback" in datakit("info", tmp_path, "--debug").stderr
