"""Configuration files: YAML 1.2, inheritance, overrides, one report of all mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from datakit.config import load_config, parse_yaml, to_plain
from datakit.errors import ConfigError, UsageError


class Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    count: int | None = None
    options: dict[str, Any] = {}


class File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    rate: float = 0.0
    label: str = ""
    items: list[Item] = []


def write(folder: Path, text: str, name: str = "file.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def load(path: Path, *overrides: str) -> File:
    loaded = load_config(path, File, what="file", named_lists={"items"}, overrides=overrides)
    return loaded.value


def test_yaml_is_version_1_2() -> None:
    text = "a: no\nb: 1e-3\nc: 0o17\nd: 2024-01-01\ne: on\ng: ~\nh: 12:30:45\n"
    assert to_plain(parse_yaml(text, "f")) == {
        "a": "no",
        "b": 0.001,
        "c": 15,
        "d": "2024-01-01",
        "e": "on",
        "g": None,
        "h": "12:30:45",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1, 2", "f:2: not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "f:3: the key 'a' occurs twice"),
        ("a: !!python/object/apply:os.system ['true']\n", "f:1: "),
        ("a: !own 1\n", "f:1: the tag '!own' is not allowed"),
        ("a: &a [*a]\n", "levels"),
    ],
)
def test_text_that_is_not_plain_yaml(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=".*") as caught:
        to_plain(parse_yaml(text, "f"))
    assert message in str(caught.value)


def test_aliases_cannot_fill_the_memory() -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 10))
    with pytest.raises(ConfigError, match="values"):
        parse_yaml(f"l0: &l0 [1]\n{levels}", "f")


def test_maps_merge_and_named_items_merge_drop_and_come_last(tmp_path: Path) -> None:
    write(
        tmp_path,
        "rate: 1\nlabel: base\nitems:\n  - {name: a, count: 1, options: {x: 1}}\n  - {name: b}\n",
        "base.yaml",
    )
    path = write(
        tmp_path,
        "extends: base.yaml\nlabel: top\nitems:\n"
        "  - {name: c}\n  - {name: a, options: {y: 2}}\n  - {name: b, drop: true}\n",
    )
    loaded = load(path)
    assert (loaded.rate, loaded.label) == (1.0, "top")
    assert [item.name for item in loaded.items] == ["a", "c"]
    assert loaded.items[0] == Item(name="a", count=1, options={"x": 1, "y": 2})


def test_a_circle_of_bases_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "extends: two.yaml\n", "one.yaml")
    write(tmp_path, "extends: one.yaml\n", "two.yaml")
    with pytest.raises(ConfigError, match=r"a circle: one.yaml -> two.yaml -> one.yaml"):
        load(tmp_path / "one.yaml")


def test_problems_of_a_base_name_the_bases_line(tmp_path: Path) -> None:
    base = write(tmp_path, "label: base\nrat: 1\n", "base.yaml")
    path = write(tmp_path, "extends: base\nlabel: top\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.where == f"{base}:2"
    assert "Did you mean 'rate'" in problem.mend


def test_overrides_reach_items_by_name_and_by_number(tmp_path: Path) -> None:
    path = write(tmp_path, "items: [{name: a}, {name: b}]\n")
    loaded = load(path, "items.b.count=3", "items.0.options.deep=[1, x]", "rate=1e-3", "label=no")
    assert loaded.items[1].count == 3
    assert loaded.items[0].options == {"deep": [1, "x"]}
    assert (loaded.rate, loaded.label) == (0.001, "no")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rate", "no '='"),
        ("items.c.count=1", "no such item"),
        ("rats=1", "--set rats=1: rats: unknown key. Did you mean 'rate'"),
        ("items.a.count=x", "--set items.a.count=x: items[0].count: found 'x'"),
    ],
)
def test_overrides_that_cannot_be(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, "items: [{name: a}]\n"), override)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "", "recipe.yaml")
    with pytest.raises(UsageError, match=r"Did you mean 'recipe.yaml'"):
        load(tmp_path / "recip.yaml")
