"""`datakit init`: from data to a mixture that builds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.command import datakit
from tests.releases import Release
from tests.releases.columns import write_columns
from tests.releases.common import draw
from tests.releases.refcoco import write_refcoco_hub


def sources_of(mixture: Path) -> str:
    return mixture.read_text().partition("sources:\n")[2]


def test_a_csv_of_ones_own_builds_from_fewer_than_ten_lines(tmp_path: Path) -> None:
    file, mixture = write_columns(tmp_path) / "mine.csv", tmp_path / "mine.yaml"
    made = datakit("init", file, "--out", mixture)
    assert made.returncode == 0, made.stderr
    assert "question in 'q', answer in 'a', image in 'file'" in made.stdout
    assert len(mixture.read_text().splitlines()) < 10
    assert "options: {question: q, answer: a, image: file}" in mixture.read_text()
    faults = ("--set", "max_reject_share=0.5")
    built = datakit("build", mixture, "--out", tmp_path / "out", "--workers", 1, *faults)
    assert built.returncode == 0, built.stderr
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_a_folder_of_releases(release: Release, tmp_path: Path) -> None:
    mixture = tmp_path / "all.yaml"
    made = datakit("init", release.root, "--out", mixture)
    assert made.returncode == 0, made.stderr
    for line in ("dataset: chartqa", "dataset: docvqa\n    path: DocVQA\n    split: val"):
        assert line in sources_of(mixture)
    assert "dataset: sharegpt-4v" in sources_of(mixture)
    assert datakit("check", mixture).returncode == 0


def test_a_folder_of_zips(release: Release, tmp_path: Path) -> None:
    zips = tmp_path / "zips"
    for name in ("ChartQA Dataset", "DocVQA"):
        shutil.make_archive(str(zips / name), "zip", release.root, name)
    made = datakit("init", zips, "--out", tmp_path / "zips.yaml")
    assert made.returncode == 0, made.stderr
    for line in ("path: ChartQA Dataset.zip", "path: DocVQA.zip\n    split: val"):
        assert line in sources_of(tmp_path / "zips.yaml")
    assert datakit("check", tmp_path / "zips.yaml").returncode == 0
    one = datakit("init", zips / "DocVQA.zip", "--out", tmp_path / "one.yaml")
    assert "DocVQA.zip reads as docvqa, split val" in one.stdout


def test_tables_of_the_hub_that_several_read_are_what_the_folder_is_called(tmp_path: Path) -> None:
    folder = write_refcoco_hub(tmp_path)
    made = datakit("init", folder, "--out", tmp_path / "one.yaml")
    assert "reads as refcoco, split" in made.stdout and "another" not in made.stdout
    made = datakit("init", folder.rename(tmp_path / "xyz"), "--out", tmp_path / "two.yaml")
    assert "name another `dataset` if it is another" in made.stdout


def test_one_release(release: Release, tmp_path: Path) -> None:
    made = datakit("init", release.root / "DocVQA", "--out", tmp_path / "one.yaml")
    assert "DocVQA reads as docvqa, split val" in made.stdout


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"Question": "Q?", "Answer": "x", "Options": ["x", "y"]}, "choices: Options"),
        ({"question": "Q?", "answer": "x"}, "{instruction: question, output: answer"),
        ({"caption": "A bus.", "photo": "a.png"}, "{caption: caption, image: photo"),
        ({"expression": "bus", "bbox": [1, 2, 3, 4], "img": "a.png"}, "phrase: expression"),
        ({"instruction": "Add.", "output": "3", "input": ""}, "input: input"),
    ],
)
def test_json_of_ones_own(tmp_path: Path, row: dict[str, object], options: str) -> None:
    draw(tmp_path / "photos" / "a.png", "a")
    (tmp_path / "own.json").write_text(json.dumps({"data": [row]}))
    made = datakit("init", tmp_path / "own.json", "--out", tmp_path / "own.yaml")
    assert made.returncode == 0, made.stderr
    assert options in made.stdout and "rows: data" in made.stdout
    assert ("images: photos" in made.stdout) == ("a.png" in row.values())
    assert datakit("check", tmp_path / "own.yaml").returncode == 0


def test_parquet_and_conversations(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", "a")
    image = (tmp_path / "a.png").read_bytes()
    pq.write_table(pa.table({"q": ["Q?"], "a": ["x"], "picture": [image]}), tmp_path / "t.parquet")
    made = datakit("init", tmp_path / "t.parquet", "--out", tmp_path / "t.yaml")
    assert "image: picture" in made.stdout
    turns = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]
    (tmp_path / "talk.jsonl").write_text(json.dumps({"id": 1, "conversations": turns}))
    made = datakit("init", tmp_path / "talk.jsonl", "--out", tmp_path / "talk.yaml")
    assert "dataset: llava-json" in made.stdout


def test_what_cannot_be_begun_with(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("x,y\n1,2\n")
    (tmp_path / "open.csv").write_text('question,answer\nQ?,"a\n')
    (tmp_path / "empty").mkdir()
    for path, message in (
        ("odd.csv", "its columns are x, y"),
        ("open.csv", "line 2: unexpected end of data"),
        ("empty", "no release of a known dataset"),
        ("absent", "nothing at"),
    ):
        refused = datakit("init", tmp_path / path, "--out", tmp_path / "m.yaml")
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
        assert message in refused.stderr
    assert not (tmp_path / "m.yaml").exists()


def test_a_mixture_that_is_there_stays(tmp_path: Path) -> None:
    file, mixture = write_columns(tmp_path) / "mine.csv", tmp_path / "mine.yaml"
    mixture.write_text("mine")
    assert "--force" in datakit("init", file, "--out", mixture).stderr
    assert mixture.read_text() == "mine"
    assert datakit("init", file, "--out", mixture, "--force").returncode == 0
