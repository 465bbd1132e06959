"""Mistakes in a mixture: all at once, each with its line and how to mend it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import datakit
from tests.releases import Release


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


def test_check_finds_images_that_lie_elsewhere(release: Release) -> None:
    (release.root / "DocVQA" / "documents").rename(release.root / "documents")
    result = datakit("check", release.mixture)
    assert result.returncode == 1
    assert "source docvqa: none of the 5 images of its first records is there" in result.stderr
    assert "the folder 'documents' is missing or empty" in result.stderr


def test_a_variable_that_is_not_set(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: ${DATAKIT_NOWHERE}\nsources:\n  - {dataset: docvqa, path: DocVQA}\n"
    )
    result = datakit("check", path)
    assert result.returncode == 2
    assert "the variable DATAKIT_NOWHERE" in result.stderr
