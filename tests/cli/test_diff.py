"""`datakit diff` says first whether two builds are the same."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import build, datakit
from tests.releases import Release


def test_equal_builds_are_identical_in_a_line(release: Release, tmp_path: Path) -> None:
    for name in ("a", "b"):
        build(release, tmp_path / name)
    result = datakit("diff", tmp_path / "a", tmp_path / "b", "--exit-code")
    assert result.returncode == 0
    assert result.stdout.splitlines()[0] == "identical"
    assert len(result.stdout.splitlines()) == 3


def test_a_difference_is_told_for_people_and_for_programs(release: Release, tmp_path: Path) -> None:
    build(release, tmp_path / "a")
    build(release, tmp_path / "b", "--set", "seed=8", "--set", "sources.docvqa.cap_samples=1")
    command = ("diff", tmp_path / "a", tmp_path / "b")
    told = datakit(*command, "--show", 1)
    assert told.returncode == 0
    lines = told.stdout.splitlines()
    assert lines[0].startswith("different: 11 -> ")
    assert "  seed: 7 -> 8" in lines
    assert "  sources.docvqa.cap_samples: null -> 1" in lines
    assert sum(line.startswith("== ") for line in lines) == 1
    assert any(line.startswith("- user: ") for line in lines)
    assert any(line.startswith("+ user: ") for line in lines)
    tables = [line for line in lines if not line.startswith(("A  ", "B  ", "different"))]
    assert max(map(len, tables)) <= 80
    answer = datakit(*command, "--json", "--exit-code")
    assert answer.returncode == 1
    fields = json.loads(answer.stdout)
    assert (fields["identical"], fields["differs"]) == (False, True)
    docs = next(s for s in fields["sources"] if s["name"] == "docvqa")
    assert docs["removed_samples"] > 0


def test_what_plan_wrote_as_json_is_a_side(release: Release, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(datakit("plan", release.mixture, "--json").stdout)
    same = datakit("diff", plan, release.mixture)
    assert same.stdout.splitlines()[0] == "identical"
    wrong = datakit("diff", plan, tmp_path / "nothing")
    assert wrong.returncode == 2
    assert "expected a build's folder, a mixture, or the JSON of a plan" in wrong.stderr
