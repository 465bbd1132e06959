"""`--data`, the recipe's `data` and the stages' `data` meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.errors import ConfigError, UsageError
from trainer.data.choose import choose_builds, parse_given
from trainer.recipe import load_recipe

NAMED = ["stages.project.data=pairs", "stages.tune.data=sft"]


def paths(given: object, *overrides: str) -> dict[str, list[tuple[str, float | None]]]:
    chosen = choose_builds(load_recipe("tiny", overrides), given)  # type: ignore[arg-type]
    return {name: [(b.build, b.weight) for b in blend] for name, blend in chosen.items()}


def test_one_build_serves_every_stage() -> None:
    everywhere = {"project": [("out/a", None)], "tune": [("out/a", None)]}
    assert paths(parse_given(["out/a"])) == everywhere
    assert paths(parse_given(["out/a"]), *NAMED) == everywhere
    assert paths(None, "data.sft=out/a") == everywhere


def test_names_go_to_their_stages_and_the_command_wins() -> None:
    given = parse_given(["pairs=s3://b/pairs", "sft=out/sft"])
    assert paths(given, *NAMED, "data.sft=out/other") == {
        "project": [("s3://b/pairs", None)],
        "tune": [("out/sft", None)],
    }


def test_a_blend_has_weights_for_all_or_for_none() -> None:
    weighted = "data={sft: [{build: a, weight: 3}, {build: b, weight: 1}], pairs: c}"
    assert paths(None, *NAMED, weighted)["tune"] == [("a", 3.0), ("b", 1.0)]
    with pytest.raises(ConfigError, match="every build of a blend a weight, or none"):
        paths(None, "data={sft: [{build: a, weight: 3}, b]}")
    with pytest.raises(ConfigError, match="greater than 0"):
        paths(None, "data={sft: [{build: a, weight: 0}]}")


@pytest.mark.parametrize(
    ("given", "overrides", "message"),
    [
        ([], [], r"stage 'project' names no data. Give a build: --data DIR"),
        ([], ["data={a: x, b: y}"], r"There are a, b: name one of them"),
        (["pairs=a"], NAMED, r"no data 'sft'. Give --data sft=DIR"),
        (["pears=a", "pairs=b", "sft=c"], NAMED, r"--data pears=….* Did you mean 'pairs'"),
        (["a", "b"], [], r"--data a has no name"),
        (["sft=a", "sft=b"], [], r"--data sft=… is given twice"),
    ],
)
def test_a_mistake(given: list[str], overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        paths(parse_given(given), *overrides)


def test_a_folder_may_have_an_equals_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a=b").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_given(["a=b"]) == "a=b"
