"""Every mistake in a recipe or a command is named before training starts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from PIL.PngImagePlugin import PngInfo

import trainer
from datakit.errors import ConfigError, DataError, DatakitError, OutputError, UsageError
from tests.trainer.conftest import Fit, run_python
from trainer.chat import ChatSession
from trainer.recipe import load_recipe


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.encoders=[tiny-vitt]", r"no encoder preset 'tiny-vitt'. Did you mean 'tiny-vit'"),
        ("model.encoders=[tiny-vit, tiny-vit]", "two encoders are called 'tiny-vit'"),
        ("model.encoders=[{preset: tiny-vit, layers: 2}]", r"encoders.0.layers: Extra inputs"),
        ("model.encoders=[{name: mine}]", "has a preset, or an architecture of timm"),
        ("model.encoders=[{architecture: resnet10}]", r"timm has no .* Did you mean 'resnet10t'"),
        ("model.encoders=[{preset: clip-448, family: tim}]", r"no backbone 'tim'"),
        ("model.encoders=[{preset: tiny-vit, mean: null}]", "mean and std are both given"),
        ("model.encoders=[{preset: tiny-vit, name: a.b}]", "encoders.0.name: .*pattern"),
        ("model.fusion=channel-cat", r"no fusion 'channel-cat'. Did you mean 'channel-concat'"),
        ("model.projector={type: mlp, deep: 1}", r"model.projector.deep: Extra inputs"),
        ("model.projector.depth=0", r"model.projector.depth: .*greater than or equal to 1"),
        ("model.chat_template=chatmi", r"no chat template 'chatmi'. Did you mean 'chatml'"),
        ("model.language_model.hiden_size=8", r"unknown key. Did you mean 'hidden_size'"),
        ("model.language_model.hidden_size=abc", "'hidden_size' expected int, got str"),
        ("model.language_model.hidden_size=190", "not a multiple of the number of attention heads"),
        ("model.language_model.num_attention_heads=0", "cannot make a llama of it: .* by zero"),
        (
            "model.language_model.num_key_value_heads=4",
            "6 attention heads cannot share 4 key-value",
        ),
        ("model.language_model={model_type: t5}", "'t5' is no causal language model"),
        ("model.language_model={model_type: bert}", "'bert' is no decoder"),
        ("model.language_model.num_hidden_layers=0", "num_hidden_layers is 0; give a whole"),
        ("model.grid=true", "model.grid: found True"),
        ("model.grid=[8, true]", r"model.grid\[1\]: found True, expected a number"),
        ("max_tokens=64", "max_tokens: 64 tokens have no room .* has 64 visual tokens"),
        ("model.encoders=[{architecture: 5}]", "`architecture` is 5, and must be text"),
        ("model.encoders=[{architecture: resnet18, name: 5}]", "`name` is 5, and must be text"),
        ("model.encoders=[{preset: tiny-vit, family: 5}]", "`family` is 5, and must be text"),
        ("model.encoders=[{preset: tiny-vit, std: [0, 1, 1]}]", "std.0: .*greater than 0"),
        (
            "model.encoders=[{preset: tiny-vit, options: {num_heads: 0}}]",
            "timm cannot build .* zero",
        ),
        ("model.encoders=[{preset: tiny-vit, options: {depth: -1}}]", "timm cannot build .* -1"),
        (
            "model.encoders=[{preset: eva02-1024, options: {window: 0}}]",
            "window is 0; give a whole",
        ),
        (
            "model.encoders=[{preset: pix2struct-1024, options: {max_patches: 0}}]",
            "max_patches is 0;",
        ),
        (
            "model.encoders=[{preset: pix2struct-1024, options: {hidden_size: a}}]",
            r"pix2struct-1024': Validation error .*\s+.*'hidden_size' expected int, got str",
        ),
        ("zero_stage=4", "found 4, expected one of 0, 1, 2, 3"),
        ("attention=flash", "found .flash., expected one of .*flash_attention_2"),
        ("stages.tune.optimizer.betas=[0.9, 1.0]", "optimizer.betas.*less than 1"),
        ("stages.tune.lora={rank: 4}", "lora.targets.*"),
        (f"seed={2**64}", "seed: found .* less than"),
        ("model.language_model.model_type=lama", "'lama' is no model type of transformers"),
        (
            "model.projector={type: c-abstractor, tokens: 5}",
            r"model.projector: 5 visual tokens do not form a grid .* Of these do: 1, 4, 9, 16,",
        ),
        (
            "model.projector={type: d-abstractor, tokens: [9, 2]}",
            r"model.projector: 9 x 2 visual tokens from a grid of 8 x 8 cells",
        ),
        (
            "model.projector={type: resampler, width: 16, heads: 3}",
            r"model.projector: .*divisible by num_heads",
        ),
        ("model.encoders=[{preset: tiny-vit, architecture: vit_tin}]", "no architecture 'vit_tin'"),
        ("model.geometry=tiles", "no geometry 'tiles'. Did you mean 'tile'"),
        ("model.projector=mpl", "no projector 'mpl'. Did you mean 'mlp'"),
        ("stages.project.batch_size=4", r"batch_size: unknown key. Did you mean 'batch_samples'"),
        ("stages.project.epochs=1", "either epochs or steps"),
        ("stages.tune.from=projekt", r"no earlier stage. Did you mean 'project'"),
    ],
)
def test_a_mistake_in_the_recipe(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        trainer.fit("tiny", data=tmp_path, out=tmp_path / "run", overrides=[setting])
    assert not (tmp_path / "run").exists()


def test_a_grid_that_cannot_be_joined_is_named_with_its_line(tmp_path: Path) -> None:
    recipe = tmp_path / "odd.yaml"
    recipe.write_text(
        "extends: tiny\nname: odd\nmodel:\n  grid: 3\n  fusion: channel-concat\n"
        "  encoders: [{preset: tiny-convnext, resize: pixel-unshuffle}]\n"
    )
    message = r"odd.yaml:5: model.fusion: a grid of 8 x 8 cells cannot be pixel-unshuffled to 3 x 3"
    with pytest.raises(ConfigError, match=message):
        trainer.fit(recipe, data=tmp_path, out=tmp_path / "run")


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        trainer.fit(
            "tiny",
            data=tmp_path,
            out=tmp_path / "run",
            overrides=["model.fusion=x", "model.encoders=[y]", "model.projector=z"],
        )
    assert len(caught.value.problems) == 3


def test_a_folder_without_a_build(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(tmp_path)):
        trainer.fit("tiny", data=tmp_path, out=tmp_path / "run")


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no recipe 'tine'. Did you mean 'tiny'"):
        load_recipe("tine")


def test_the_command_ends_with_status_2_and_no_traceback(tmp_path: Path) -> None:
    done = run_python("-m", "trainer", "fit", "tiny", "--data", str(tmp_path), "--out", "run")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_chat_wants_a_model_and_an_image_that_can_be_read(trained: Path, tmp_path: Path) -> None:
    model = trained / "tune" / "model"
    with pytest.raises(UsageError, match="no model in"):
        ChatSession(tmp_path)
    with pytest.raises(UsageError, match="no image at"):
        ChatSession(model, [tmp_path / "none.png"])
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(UsageError, match="cannot be read as an image"):
        ChatSession(model, [tmp_path / "text.png"])
    notes = PngInfo()
    notes.add_text("note", "x" * (2 * PngImagePlugin.MAX_TEXT_CHUNK), zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "bomb.png", pnginfo=notes)
    with pytest.raises(UsageError, match="cannot be read as an image: Decompressed data too large"):
        ChatSession(model, [tmp_path / "bomb.png"])
    Image.new("RGB", (8, 8)).save(tmp_path / "image.png")
    with pytest.raises(DatakitError, match="2 <image> in the user messages, but 1 images"):
        ChatSession(model, [tmp_path / "image.png"]).say("<image> <image>")


@pytest.mark.parametrize("stdin", [b"caf\xe9?\n", None])
def test_bytes_that_are_no_text_are_no_message(trained: Path, stdin: bytes | None) -> None:
    command: list[bytes | str] = [sys.executable, "-m", "trainer", "chat"]
    command += [str(trained / "tune" / "model")]
    command += [] if stdin else ["--message", b"caf\xe9?"]
    done = subprocess.run(command, input=stdin, capture_output=True)
    assert done.returncode == 2
    found = rb"error: the message is no text: its character 4 is '\udce9'. Write it in UTF-8."
    assert done.stderr.strip() == found


def test_a_folder_in_use_is_not_touched(trained: Path, build_path: Path) -> None:
    before = sorted(path.name for path in trained.rglob("*"))
    with pytest.raises(
        OutputError, match=r"of another recipe .*\n.*hidden_size: 64 there, 192 now"
    ):
        trainer.fit("tiny", data=build_path, out=trained)
    with pytest.raises(OutputError, match="holds something already"):
        trainer.fit("tiny", data=build_path, out=trained / "tune")
    assert sorted(path.name for path in trained.rglob("*")) == before


def test_nothing_fits_in_max_tokens(fit: Fit) -> None:
    with pytest.raises(DataError, match=r"the longest has \d+ tokens.*Raise max_tokens"):
        fit("max_tokens=2", "model.grid=1")


def test_long_samples_are_dropped_and_counted(fit: Fit) -> None:
    run = fit("max_tokens=150", "stages.project.steps=1", "stages.tune.steps=1")
    console = run.with_name(f"{run.name}.txt").read_text()
    assert re.search(r"data: 56 samples of ", console), console
    assert re.search(r"8 samples dropped\n  scenes: 8 over-long", console), console
    lines = (run / "tune" / "dropped.jsonl").read_text().splitlines()
    dropped = [json.loads(line) for line in lines]
    assert len(dropped) == 8
    for sample in dropped:
        assert (sample["source"], sample["reason"], sample["views"]) == ("scenes", "over-long", 2)
        assert sample["tokens"] > 150
