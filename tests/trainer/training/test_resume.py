"""The same command goes on where a run was stopped, and ends as if it had not been."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from datakit.errors import OutputError
from tests.trainer.conftest import Fit
from tests.trainer.training.conftest import Forks, console, losses
from trainer.errors import TrainingError

pytestmark = pytest.mark.slow

SETTINGS = (
    "stages.project.steps=1",
    "stages.tune.steps=6",
    "stages.project.batch_samples=2",
    "stages.tune.batch_samples=2",
    "save_every_steps=2",
    "stages.tune.weight_decay=0.1",
    "model.language_model.attention_dropout=0.1",
)


@pytest.fixture(scope="module")
def whole(fit: Fit) -> Path:
    """A run that nothing stopped, in one process."""
    return fit(*SETTINGS)


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "tune" / "checkpoints").iterdir())


def label_tokens(run: Path) -> list[int]:
    lines = (run / "tune" / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["label_tokens"] for line in lines]


def test_killed_at_three_moments_it_ends_with_the_same_losses(
    forks: Forks, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    metrics = str(run / "tune" / "metrics.jsonl")
    assert forks.fit(run, *SETTINGS, when=metrics, lines=3, signal=signal.SIGKILL) == [-9]
    half_written = "step-000004.partial/trained-00000-00000.safetensors"
    assert forks.fit(run, *SETTINGS, die_at=("open", half_written)) == [-9]
    assert checkpoints(run) == ["step-000002", "step-000004.partial"]
    (run / "tune" / "checkpoints" / "step-000003.partial").mkdir()  # of a signal and a kill
    assert forks.fit(run, *SETTINGS, die_at=("os.rename", "model.partial")) == [-9]
    assert checkpoints(run) == ["step-000002", "step-000004"]
    assert not (run / "tune" / "model").exists()
    assert forks.fit(run, *SETTINGS) == [0]
    assert losses(run) == losses(whole)
    told = console(run).with_suffix(".console.0").read_text()
    assert told.count("stage project: done before") == 3
    assert "goes on after step 4" in told
    models = [(folder / "tune" / "model" / "model.safetensors") for folder in (run, whole)]
    assert models[0].read_bytes() == models[1].read_bytes()


def test_sigterm_to_one_process_saves_and_fewer_processes_go_on(
    fit: Fit, forks: Forks, tmp_path: Path
) -> None:
    """From two processes at ZeRO-3 to one at ZeRO-1; samples keep their order."""
    calm = (*SETTINGS, "model.language_model.attention_dropout=0.0")
    whole = fit(*calm)
    run = tmp_path / "run"
    metrics = str(run / "tune" / "metrics.jsonl")
    told = console(run).with_suffix(".console.1")
    stop = {"when": metrics, "lines": 1, "signal": signal.SIGTERM}
    statuses = forks.fit(run, *calm, "zero_stage=3", processes=2, **stop)
    assert statuses == [143, 143], told.read_text()
    assert "stopped by SIGTERM; stage tune, step" in told.read_text()
    saved = len(losses(run))
    assert f"step-{saved:06d}" in checkpoints(run)
    assert forks.fit(run, *calm) == [0]
    assert losses(run) == pytest.approx(losses(whole), abs=1e-3)
    assert label_tokens(run) == label_tokens(whole)


def test_a_full_disk_leaves_the_checkpoint_before(
    forks: Forks, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    shutil.rmtree(run / "tune" / "model")
    shutil.rmtree(run / "tune" / "checkpoints" / "step-000004")
    assert forks.fit(run, *SETTINGS, file_bytes=1_000_000) == [2]
    told = console(run).with_suffix(".console.0").read_text()
    assert "step-000004 cannot be written: " in told
    assert "The one before it is whole; make room" in told
    assert checkpoints(run) == ["step-000002"]
    assert forks.fit(run, *SETTINGS) == [0]
    assert losses(run) == losses(whole)


@pytest.mark.parametrize("stage", ["project", "tune"])
def test_a_run_of_another_recipe_is_refused(fit: Fit, whole: Path, stage: str) -> None:
    with pytest.raises(OutputError, match=r"stages\[.\].lr.\*: 0.00\d there, 0.5 now"):
        fit(*SETTINGS, f'stages.{stage}.lr={{"*": 0.5}}', out=whole)


def test_keys_of_the_machine_may_change(fit: Fit, whole: Path) -> None:
    before = losses(whole)
    fit(*SETTINGS, "zero_stage=2", "loader_processes=1", "save_every_steps=null", out=whole)
    assert losses(whole) == before


@pytest.mark.parametrize(
    ("state", "message"),
    [("{", "step-000004 cannot be read: .* Remove it"), ('{"format_version": 9}', "format 9, and")],
)
def test_a_checkpoint_that_cannot_be_read_is_named(
    fit: Fit, whole: Path, tmp_path: Path, state: str, message: str
) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    shutil.rmtree(run / "tune" / "model")
    (run / "tune" / "checkpoints" / "step-000004" / "state.json").write_text(state)
    with pytest.raises(TrainingError, match=message):
        fit(*SETTINGS, out=run)


def test_other_frozen_weights_are_refused(fit: Fit, whole: Path) -> None:
    settings = (*SETTINGS, "stages.tune.train=[projector]", 'stages.tune.lr={"*": 0.01}')
    run = fit(*settings, "save_every_steps=1")
    shutil.rmtree(run / "tune" / "model")
    shutil.copytree(whole / "tune" / "model", run / "project" / "model", dirs_exist_ok=True)
    with pytest.raises(TrainingError, match="was written with other frozen weights: encoders"):
        fit(*settings, out=run)
