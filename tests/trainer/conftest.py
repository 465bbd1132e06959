"""A small build, a small model and one trained run, each made once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import datakit
from tests.trainer.scenes import write_scenes

pytest.importorskip("torch", reason="the extra `train` is not installed")

import trainer
from tests.threads import one_thread
from trainer.model.build import ModelAndProcessor, build_model
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import load_recipe

HERE = Path(__file__).parent
SMALL = [
    "model.tokenizer_vocab_size=320",
    "model.language_model.hidden_size=64",
    "model.language_model.intermediate_size=128",
    "model.language_model.num_hidden_layers=2",
    "model.language_model.num_attention_heads=2",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.train)


@pytest.fixture(scope="session", autouse=True)
def on_one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the raw data."""
    root = tmp_path_factory.mktemp("raw")
    write_scenes(root / "scenes", count=64)
    return root


@pytest.fixture(scope="session")
def build_path(scenes: Path) -> Path:
    """Folder of a build with images, several images and none."""
    mixture = scenes / "mixture.yaml"
    source = "{name: scenes, dataset: llava-json, path: scenes/scenes.json}"
    mixture.write_text(f"name: scenes\nroot: {scenes}\nsources:\n  - {source}\n")
    datakit.build(mixture, out=scenes / "build")
    return scenes / "build"


@pytest.fixture(scope="session")
def small() -> ModelAndProcessor:
    """The tiny recipe's model, smaller still, with random weights."""
    recipe = load_recipe("tiny", SMALL).value
    tokenizer = train_tokenizer(
        ["What colour is the shape? It is red.", "And this one?"] * 4,
        vocab_size=320,
        template=load_chat_template("chatml"),
    )
    built = build_model(recipe.model, tokenizer, seed=1)
    built.model.train(False)
    return built


Fit = Callable[..., Path]


@pytest.fixture(scope="session")
def fit(build_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """Runs `trainer.fit` on the tiny recipe with the small model; returns the run's folder.

    It goes on in the folder `out` where one is given.
    """

    def run(*settings: str, out: Path | None = None) -> Path:
        out = out or tmp_path_factory.mktemp("run")
        with (out.parent / f"{out.name}.txt").open("w") as console, redirect_stdout(console):
            trainer.fit("tiny", data=build_path, out=out, overrides=[*SMALL, *settings])
        return out

    return run


@pytest.fixture(scope="session")
def trained(fit: Fit) -> Path:
    """A run of both stages in one process."""
    return fit("stages.project.steps=3", "stages.tune.steps=60")


def run_python(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs Python on one thread, for these processes share few cores with others."""
    return subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
