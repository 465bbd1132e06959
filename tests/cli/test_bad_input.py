"""What a user's mistakes and faulty data give: a clear message, a status, and nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.releases import Release, draw

CHART: dict[str, object] = {"imgname": "0.png", "query": "How many bars?", "label": "3"}


def datakit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the real command line."""
    command = [sys.executable, "-c", "from datakit.cli.main import run; run()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


def build(release: Release, out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return datakit("build", release.mixture, "--out", out, "--workers", 1, *more)


def rejects(out: Path) -> list[dict[str, str]]:
    return pl.read_parquet(out / "rejects.parquet").to_dicts()


def test_three_mistakes_are_reported_at_once_with_lines_and_nearest_names(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: '{root}'\ninstructize: {granularity: fines}\nsources:\n"
        "  - {dataset: chartqa, path: ChartQA Dataset, cap_record: 5}\n"
        "  - {dataset: docvqa, path: DocVQA, split: val, cap_records: no}\n"
    )
    result = datakit("check", path)
    assert result.returncode == 2
    assert "3 problems" in result.stderr
    assert f"{path}:3: instructize.granularity: found 'fines'" in result.stderr
    assert f"{path}:5: sources[0].cap_record: unknown key. Did you mean" in result.stderr
    assert f"{path}:6: sources[1].cap_records: found 'no'" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_names_and_missing_paths_are_reported_at_once(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: '{root}'\nsources:\n"
        "  - {dataset: chartqq, path: ChartQA Dataset}\n"
        "  - {dataset: docvqa, path: DocVQQ, split: val}\n"
        "  - {dataset: chartqa, path: ChartQA Dataset, options: {subset: humans}}\n"
        "  - {name: other, dataset: docvqa, path: DocVQA, split: trian}\n"
    )
    result = datakit("build", path, "--out", release.root.parent / "out")
    assert result.returncode == 2
    assert f"{path}:4: sources[0].dataset: no dataset 'chartqq'. Did you mean 'chartqa'" in (
        result.stderr
    )
    assert "has no 'DocVQQ'. Did you mean 'DocVQA'" in result.stderr
    assert "sources[2].options.subset: found 'humans', expected one of both" in result.stderr
    assert "no split 'trian'. Did you mean 'train'" in result.stderr
    assert not (release.root.parent / "out").exists()


def test_a_duplicate_source_name(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: '{root}'\nsources:\n"
        "  - {dataset: chartqa, path: ChartQA Dataset}\n"
        "  - {dataset: chartqa, path: ChartQA Dataset, options: {subset: human}}\n"
    )
    result = datakit("check", path)
    assert result.returncode == 2
    assert f"{path}:5" in result.stderr
    assert "more than one source is named 'chartqa'" in result.stderr


def test_no_such_mixture_names_the_nearest(release: Release) -> None:
    result = datakit("check", release.mixture.with_name("mixtur.yaml"))
    assert result.returncode == 2
    assert "no mixture at" in result.stderr


def test_a_missing_image_is_a_counted_reject_that_names_the_nearest_file(
    release: Release, tmp_path: Path
) -> None:
    release.edit_chart_rows([CHART, {**CHART, "imgname": "1.PNG"}])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "16.7% of 6 records: 1 image-missing" in result.stderr
    (reject,) = rejects(tmp_path / "out")
    assert reject["reason"] == "image-missing"
    assert reject["place"] == "train/train_human.json[1]"
    assert reject["detail"] == "train/png/1.PNG; nearest is train/png/1.png"
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_rejects_below_the_allowed_share_end_well(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([CHART, {**CHART, "imgname": "none.png"}])
    result = build(release, tmp_path / "out", "--set", "max_reject_share=0.2")
    assert result.returncode == 0, result.stderr
    assert "rejected records of chartqa: 1 image-missing" in result.stdout


def test_a_truncated_png_rejects_its_records(release: Release, tmp_path: Path) -> None:
    image = release.charts / "png" / "0.png"
    image.write_bytes(image.read_bytes()[:-40])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    found = rejects(tmp_path / "out")
    assert {reject["reason"] for reject in found} == {"image-truncated"}
    assert [reject["record_id"] for reject in found] == [f"train_human-{i}" for i in range(3)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "image-empty"), (b"<html>404</html>", "image-unreadable"), (b"GIF89a", None)],
)
def test_bytes_that_are_no_image(
    release: Release, tmp_path: Path, content: bytes, reason: str | None
) -> None:
    if reason is None:
        draw(release.charts / "png" / "0.png", "gif", kind="GIF")
        reason = "image-format"
    else:
        (release.charts / "png" / "0.png").write_bytes(content)
    assert build(release, tmp_path / "out").returncode == 1
    assert {reject["reason"] for reject in rejects(tmp_path / "out")} == {reason}


def test_a_jpeg_named_png_is_written_as_what_it_is(release: Release, tmp_path: Path) -> None:
    import datakit as api

    draw(release.charts / "png" / "0.png", "jpg", kind="JPEG")
    assert build(release, tmp_path / "out").returncode == 0
    samples = [s for s in api.open(tmp_path / "out") if "chart 0" in s.messages[-2].content]
    assert [s.images for s in samples] == [("jpg",)]
    assert samples[0].open_images()[0].format == "JPEG"


def test_a_record_without_an_answer_is_rejected(release: Release, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"imgname": "0.png", "query": "Why?"},
        {**CHART, "label": "  "},
    ]
    rows += [{**CHART, "label": None}, {**CHART, "label": ["3"]}, CHART]
    release.edit_chart_rows(rows)
    assert build(release, tmp_path / "out").returncode == 1
    reasons = [reject["reason"] for reject in rejects(tmp_path / "out")]
    assert reasons == ["answer-missing", "answer-empty", "answer-missing", "bad-record"]


def test_a_json_list_that_is_cut_off_is_an_error_that_says_where(
    release: Release, tmp_path: Path
) -> None:
    file = release.charts / "train_human.json"
    file.write_text(file.read_text()[:-30])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert f"{file}: broken after 8 whole records" in result.stderr
    assert not (tmp_path / "out").exists()


def test_another_layout_names_the_keys_found(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([{"image": "0.png", "question": "?", "answer": "!"}])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "no key 'query'; keys found: image, question, answer" in result.stderr


def test_an_empty_source(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([])
    (release.charts / "train_augmented.json").write_text("[]")
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "source 'chartqa' has no records: train/train_human.json" in result.stderr


def test_an_output_that_cannot_be_written(release: Release, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = build(release, tmp_path / "file" / "out")
    assert result.returncode == 2
    assert f"{tmp_path / 'file' / 'out'} cannot be made: Not a directory." in result.stderr


def test_an_output_that_holds_other_files(release: Release, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    result = build(release, tmp_path / "out", "--force")
    assert result.returncode == 2
    assert "files that no build wrote: thesis.tex" in result.stderr
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("name", ["README.md", "shards/mine.tar", "index.parquet"])
def test_files_that_only_bear_a_builds_names_are_kept(
    release: Release, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    result = build(release, tmp_path / "out", "--force")
    assert result.returncode == 2
    assert f"files that no build wrote: {name.partition('/')[0]}" in result.stderr
    assert mine.read_text() == "years of work"


def test_a_foreign_file_among_the_shards_of_a_build_is_kept(
    release: Release, tmp_path: Path
) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    mine = tmp_path / "out" / "shards" / "mine.tar"
    mine.write_text("years of work")
    assert build(release, tmp_path / "out", "--force").returncode == 2
    assert mine.read_text() == "years of work"


def test_force_keeps_the_old_build_where_the_new_one_cannot_be_read(
    release: Release, tmp_path: Path
) -> None:
    import datakit as api

    assert build(release, tmp_path / "out").returncode == 0
    file = release.charts / "train_human.json"
    file.write_text(file.read_text()[:-30])
    assert build(release, tmp_path / "out", "--force").returncode == 1
    assert api.verify(tmp_path / "out") == []


def test_mistakes_in_keys_and_in_names_are_reported_together_by_line(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: '{root}'\nsources:\n"
        "  - {dataset: docvq, path: DocVQ}\n"
        "  - {dataset: chartqa, path: ChartQA Dataset, split: tain, cap_record: 1}\n"
        "  - {dataset: docvqa, path: DocVQA, split: val, instructize: {granularity: fin}}\n"
        "  - {dataset: docvqa, path: DocVQA, split: val}\n"
    )
    problems = datakit("check", path).stderr.splitlines()[1:]
    lines = [line.split(": ")[0].rpartition(":")[2] for line in problems]
    assert lines == ["4", "4", "5", "5", "6", "6", "7"]


def test_check_finds_what_a_build_would_refuse(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([])
    (release.charts / "train_augmented.json").write_text("[]")
    result = datakit("check", release.mixture)
    assert result.returncode == 1
    assert "source chartqa: it has no records" in result.stderr
    mixed = release.write_mixture(
        "name: mixed\nroot: '{root}'\nsources:\n"
        "  - {dataset: docvqa, converter: llava, path: ShareGPT4V/conversations.json}\n"
    )
    for verb in (["check", mixed], ["build", mixed, "--out", tmp_path / "out"]):
        result = datakit(*verb)
        assert "its records are of the task 'conversation'" in result.stderr


def test_a_reader_that_leaves_does_not_stop_the_build(release: Release, tmp_path: Path) -> None:
    command = f"datakit build {release.mixture} --out {tmp_path / 'out'} 2>&1 | true"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], check=True, env=environment)
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_an_output_of_another_mixture_is_refused_with_the_difference(
    release: Release, tmp_path: Path
) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    result = build(release, tmp_path / "out", "--set", "seed=8")
    assert result.returncode == 2
    assert "-seed: 7" in result.stderr
    assert "+seed: 8" in result.stderr
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert build(release, tmp_path / "out", "--set", "seed=8", "--force").returncode == 0


def test_a_path_that_leads_out_of_the_root_is_rejected(release: Release, tmp_path: Path) -> None:
    draw(tmp_path / "secret.png", "sec")
    rows = [CHART, {**CHART, "imgname": "../../../../secret.png"}]
    release.edit_chart_rows(rows)
    build(release, tmp_path / "out")
    (reject,) = rejects(tmp_path / "out")
    assert reject["reason"] == "image-outside-root"


def test_a_variable_that_is_not_set(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: ${DATAKIT_NOWHERE}\nsources:\n  - {dataset: docvqa, path: DocVQA}\n"
    )
    result = datakit("check", path)
    assert result.returncode == 2
    assert "the variable DATAKIT_NOWHERE" in result.stderr


def test_a_reader_refuses_a_newer_format(release: Release, tmp_path: Path) -> None:
    assert build(release, tmp_path / "out").returncode == 0
    manifest = tmp_path / "out" / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**fields, "format_version": 99}))
    result = datakit("info", tmp_path / "out")
    assert result.returncode == 1
    assert "format version 99" in result.stderr
