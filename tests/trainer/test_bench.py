"""`trainer bench` and `trainer check --data`, from the shell's commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import trainer
from datakit.errors import UsageError
from tests.trainer.conftest import SMALL
from trainer.cli.main import app
from trainer.costs.devices import known_tflops
from trainer.costs.flops import forward_flops
from trainer.costs.step_flops import count_step_flops
from trainer.model.outline import outline_model
from trainer.recipe import load_recipe
from trainer.training.jobs import jobs_of, outlines_of
from trainer.training.trainable import plan_jobs

SETTINGS = [word for setting in SMALL for word in ("--set", setting)]


def test_bench_measures_packed_and_padded_without_data_and_with(build_path: Path) -> None:
    command = ["bench", "tiny", "--data", str(build_path), "--steps", "1", "--json", *SETTINGS]
    done = CliRunner().invoke(app, [*command, "--set", "peak_tflops=0.05"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert [(row["data"], row["rows"]) for row in rows] == [
        ("none", "packed"),
        ("none", "padded"),
        ("build", "packed"),
        ("build", "padded"),
    ]
    for row in rows:
        assert row["stage"] == "tune" and row["steps"] == 1
        assert row["samples_per_second"] > 0 and row["peak_memory_bytes"] > 0
        assert 0 < row["utilisation_share"] < 1
        assert (row["padding_share"] > 0) == ((row["data"], row["rows"]) == ("build", "padded"))


def test_check_reads_a_build_and_runs_its_longest_micro_batch(build_path: Path) -> None:
    command = ["check", "tiny", "--data", str(build_path), "--gpus", "2", *SETTINGS]
    command += ["--set", "max_tokens=150"]
    done = CliRunner().invoke(app, [*command, "--run-longest", "--json"])
    assert done.exit_code == 0, done.output
    project, tune = json.loads(done.stdout)["preflight"]
    (source,) = tune["sources"]
    assert source["source"] == "scenes"
    assert source["samples"] + source["over_long_samples"] == 64
    assert source["over_long_samples"] == 8 and source["no_label_samples"] == 0
    assert source["longest_tokens"] <= 150
    assert tune["epoch"]["tokens"] == source["tokens"]
    assert (project["steps"], tune["steps"]) == (10, 144)
    assert tune["longest"]["tokens"] <= 150 and tune["longest"]["seconds"] > 0
    assert tune["hours"] > 0 and tune["memory_bytes_per_gpu"] > 0


def test_check_counts_only_and_tells_hours_by_the_given_speed(build_path: Path) -> None:
    slow, fast = (
        trainer.preflight("tiny", data=build_path, tflops=tflops, gpus=1, overrides=SMALL)
        for tflops in (1.0, 4.0)
    )
    for first, second in zip(slow, fast, strict=True):
        assert first.longest is None
        assert first.flops == second.flops
        assert first.flops and first.hours and second.hours
        assert first.hours == pytest.approx(first.flops / 1e12 / 3600)
        assert first.hours == pytest.approx(4 * second.hours)


def test_commands_say_what_they_lack(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"names no data. Give a build: --data DIR"):
        trainer.preflight("tiny")
    with pytest.raises(UsageError, match=r"holds no build"):
        trainer.bench("tiny", data=tmp_path)
    with pytest.raises(UsageError, match=r"has no stage 'tuna'"):
        trainer.bench("tiny", stage="tuna")
    with pytest.raises(UsageError, match=r"--tflops are for a build: give --data DIR"):
        CliRunner().invoke(app, ["check", "tiny", "--tflops", "1"], catch_exceptions=False)


def test_operations_of_a_step_are_those_of_its_parts() -> None:
    loaded = load_recipe("tiny", SMALL)
    jobs = jobs_of(loaded.value)
    plan = plan_jobs(loaded, jobs, outlines_of(jobs))[-1]
    model = outline_model(loaded.value.model)
    counted = count_step_flops(model, plan)
    report = trainer.check("tiny", overrides=SMALL, text_tokens=100)
    tokens = report.sample_tokens
    found = counted.of(views=1, tokens=tokens, squared_tokens=tokens**2)
    assert found == pytest.approx(report.stages[-1].step_flops, rel=1e-6)
    assert counted.per_squared_token > 0
    assert forward_flops(lambda: None) == 0


def test_known_gpus_are_found_by_their_names() -> None:
    names = {
        "NVIDIA A100-SXM4-80GB": 312,
        "NVIDIA H100 80GB HBM3": 989,
        "NVIDIA H100 PCIe": 756,
        "NVIDIA L40S": 362,
        "NVIDIA H200": 989,
        "Some GPU": None,
    }
    assert {name: known_tflops(name) for name in names} == names
