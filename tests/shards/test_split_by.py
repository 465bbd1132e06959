"""A source whose rows say by a field which of several sources they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datakit
from datakit.errors import ConfigError, DataError
from datakit.planning.split import part_names
from tests.releases.common import draw
from tests.releases.tables import write_tables

MIXTURE = """\
name: pool
seed: 3
root: {root}
max_reject_share: 1
{more}
sources:
  - {{dataset: cambrian, path: pool.jsonl, split_by: source, cap_samples: 3}}
"""
SOURCES = ["chartqa.json", "lvis instruct", "", "chartqa json"]


def row(number: int, source: str | None) -> dict[str, Any]:
    turns = [{"from": "human", "value": f"<image>\nQ{number}?"}, {"from": "gpt", "value": "A."}]
    fields: dict[str, Any] = {"id": number, "image": f"images/{number % 3}.png"}
    return fields | {"conversations": turns} | ({} if source is None else {"source": source})


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """20 rows of 4 sources in turn, one without the field, one bad row of the first source."""
    for number in range(3):
        draw(tmp_path / "images" / f"{number}.png", f"{number}")
    rows = [row(number, SOURCES[number % 4]) for number in range(20)]
    bad = {"id": 20, "conversations": [], "source": "chartqa.json"}
    (tmp_path / "pool.jsonl").write_text("\n".join(map(json.dumps, [*rows, row(21, None), bad])))
    return tmp_path


def mixture(pool: Path, more: str = "") -> Path:
    (pool / "pool.yaml").write_text(MIXTURE.format(root=pool, more=more))
    return pool / "pool.yaml"


NAMES = ["cambrian-none", "cambrian-chartqa-json", "cambrian-chartqa-json-2",
         "cambrian-lvis-instruct"]  # fmt: skip


def test_each_value_is_a_source_with_its_own_cap(pool: Path) -> None:
    result = datakit.build(mixture(pool), out=pool / "out", workers=1)
    assert datakit.verify(pool / "out") == []
    sources = result.manifest.sources
    assert sorted(source.name for source in sources) == sorted(NAMES)
    counts = {s.name: (s.records, s.samples, s.not_drawn_records) for s in sources}
    assert counts == {
        "cambrian-none": (6, 3, 3),
        "cambrian-chartqa-json": (5, 3, 2),
        "cambrian-chartqa-json-2": (6, 3, 2),
        "cambrian-lvis-instruct": (5, 3, 2),
    }
    index = datakit.open(pool / "out").index
    assert set(index["dataset"]) == {"cambrian"}
    rejects = pl.read_parquet(pool / "out" / "rejects.parquet")
    assert rejects.select("source", "reason").rows() == [
        ("cambrian-chartqa-json-2", "conversation-empty")
    ]
    assert "cambrian-lvis-instruct" in (pool / "out" / "mixture.lock.yaml").read_text()


def test_two_workers_and_the_cache_give_the_same_bytes(pool: Path) -> None:
    small = ["output.shard_samples=2"]
    one = datakit.build(mixture(pool), out=pool / "1", workers=1, overrides=small)
    two = datakit.build(mixture(pool), out=pool / "2", workers=2, overrides=small)
    assert one.manifest == two.manifest


def test_a_part_can_be_left_out(pool: Path) -> None:
    plan = datakit.plan(mixture(pool, "leave_out: [cambrian-lvis-instruct]"))
    assert "cambrian-lvis-instruct" not in plan.by_source
    assert len(plan.by_source) == 3


@pytest.mark.parametrize(
    ("field", "message"), [("sauce", "no row has a value under 'sauce'"), ("id", "has .* values")]
)
def test_a_field_that_cannot_split(
    pool: Path, field: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datakit.planning.split.MOST_PARTS", 10)
    path = mixture(pool)
    path.write_text(path.read_text().replace("split_by: source", f"split_by: {field}"))
    with pytest.raises(DataError, match=message):
        datakit.plan(path)


def test_what_is_split_shares_no_conversations(pool: Path) -> None:
    with pytest.raises(ConfigError, match="is split by a field"):
        datakit.plan(mixture(pool, "merge_sources: [[cambrian]]"))


def test_names_of_parts_differ_and_fit() -> None:
    names = part_names("s", ["a b", "a/b", "", "é", "x" * 99, "x" * 98])
    assert names[:4] == ["s-a-b", "s-a-b-2", "s-none", "s-none-2"]
    assert len(set(names)) == 6
    assert all(len(name) <= 60 for name in names)


def test_each_part_of_a_table_has_its_own_images(tmp_path: Path) -> None:
    rows = []
    for number in range(6):
        draw(tmp_path / f"{number}.png", f"{number}")
        image, kind = tmp_path / f"{number}.png", "ab"[number % 2]
        rows.append({"q": f"Q{number}?", "a": f"{number}", "kind": kind, "image": image})
    write_tables(tmp_path / "t", "train", rows)
    (tmp_path / "t.yaml").write_text(
        f"name: t\nroot: {tmp_path}\nsources:\n"
        "  - {dataset: columns, path: t, split_by: kind,"
        " options: {question: q, answer: a, image: image}}\n"
    )
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        datakit.build(tmp_path / "t.yaml", out=out, workers=workers)
        for sample in datakit.open(out):
            image = tmp_path / f"{sample.messages[-1].content}.png"
            assert sample.image_sha256 == (hashlib.sha256(image.read_bytes()).hexdigest(),)


def test_the_field_may_stand_inside_another(pool: Path) -> None:
    file = pool / "pool.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    inner = [{**row, "meta": {"kind": row.pop("source", None)}} for row in rows]
    file.write_text("\n".join(map(json.dumps, inner)))
    path = mixture(pool)
    path.write_text(path.read_text().replace("split_by: source", "split_by: meta.kind"))
    assert sorted(datakit.plan(path).by_source) == sorted(NAMES)
