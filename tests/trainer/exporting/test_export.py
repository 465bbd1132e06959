"""Round trips: saved, exported, loaded with this package and without it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor
from typer.testing import CliRunner

import trainer
from datakit.errors import OutputError, UsageError
from datakit.registry import load_class, module_names
from tests.trainer.exporting import answers as answering
from tests.trainer.exporting.answers import RED, answers
from tests.trainer.model.test_combinations import (
    ENCODERS,
    LANGUAGE_MODEL,
    PROJECTORS,
    TINY_EVA02,
    TINY_PIX2STRUCT,
)
from trainer.cli.main import app
from trainer.encoders import Backbone
from trainer.errors import TrainingError
from trainer.exporting.standalone import standalone_modules
from trainer.fusions.base import Fusion
from trainer.geometry.base import Geometry
from trainer.model.build import ModelAndProcessor, build_model
from trainer.model.chat_template import FOLDER as CHAT_TEMPLATES
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.projectors.base import Projector
from trainer.recipe import ModelRecipe
from trainer.training.save import save_model

FUSIONS = module_names("trainer.fusions")
GEOMETRIES = module_names("trainer.geometry")
TEMPLATES = sorted(path.stem for path in CHAT_TEMPLATES.glob("*.yaml"))
PACKAGES: dict[str, type[object]] = {
    "trainer.fusions": Fusion,
    "trainer.projectors": Projector,
    "trainer.geometry": Geometry,
    "trainer.encoders.families": Backbone,
}
ENCODER_SETS = {"timm": ENCODERS[:2], "released": [TINY_PIX2STRUCT, TINY_EVA02]}
ALLOWED = {
    *("PIL", "huggingface_hub", "numpy", "pydantic", "safetensors", "timm", "tokenizers"),
    *("torch", "torchvision", "transformers"),
}
KINDS = (FUSIONS, list(PROJECTORS), GEOMETRIES, TEMPLATES, list(ENCODER_SETS))
# Every fusion, projector, geometry, chat template and family of encoders once at least.
COMBINATIONS = list(islice(zip(*map(cycle, KINDS), strict=True), max(map(len, KINDS))))
NAMES = [" ".join(parts) for parts in COMBINATIONS]


@dataclass(frozen=True)
class Exported:
    """A model, where it was saved, and what it answered before and without this package."""

    built: ModelAndProcessor
    saved: Path
    standalone: Path
    before: dict[str, Tensor]
    without: dict[str, Tensor]


def tiny(
    fusion: str, projector: str, geometry: str, chat_template: str, encoders: str
) -> ModelAndProcessor:
    """A random model whose words depend much on what it reads."""
    recipe = ModelRecipe.model_validate(
        {
            "language_model": {**LANGUAGE_MODEL, "initializer_range": 0.7},
            "encoders": ENCODER_SETS[encoders],
            "fusion": fusion,
            "projector": {"type": projector, **PROJECTORS[projector]},
            "grid": 2,
            "geometry": geometry,
            "chat_template": chat_template,
        }
    )
    template = load_chat_template(chat_template)
    tokenizer = train_tokenizer(["What?"], vocab_size=300, template=template)
    built = build_model(recipe, tokenizer, seed=1)
    built.model.train(False)
    return built


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    """Every combination, answered by one process that cannot import this package."""
    root = tmp_path_factory.mktemp("exported")
    models = {" ".join(parts): tiny(*parts) for parts in COMBINATIONS}
    for name, built in models.items():
        save_model(root / name / "model", built.model, built.processor)
        trainer.export(root / name, out=root / name / "standalone", standalone=True)
    folders = {name: str(root / name / "standalone") for name in models}
    command = [sys.executable, "-I", answering.__file__, str(root / "results"), *folders.values()]
    environment = {**os.environ, "HF_MODULES_CACHE": str(root / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = torch.load(root / "results")
    return {
        name: Exported(
            built=built,
            saved=root / name / "model",
            standalone=root / name / "standalone",
            before=answers(built.model, built.processor),
            without=results[folders[name]],
        )
        for name, built in models.items()
    }


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """The same words; logits may differ in the last bits, where weights lie elsewhere in memory."""
    assert first.keys() == second.keys()
    for key, tensor in first.items():
        torch.testing.assert_close(tensor, second[key], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_without_this_package_the_same_is_answered(
    name: str, exported: dict[str, Exported]
) -> None:
    assert_equal(exported[name].without, exported[name].before)


@pytest.mark.parametrize("name", NAMES)
def test_the_auto_classes_load_the_same_model(name: str, exported: dict[str, Exported]) -> None:
    one = exported[name]
    model = cast(Any, AutoModelForImageTextToText).from_pretrained(one.saved)
    processor = cast(Any, AutoProcessor).from_pretrained(one.saved)
    assert_equal(answers(model, processor), one.before)
    assert processor.to_dict() == one.built.processor.to_dict()
    for key in ("encoders", "fusion", "projector", "grid", "image_token_id"):
        assert getattr(model.config, key) == getattr(one.built.model.config, key)
    assert model.generation_config.eos_token_id == processor.tokenizer.eos_token_id


@pytest.mark.parametrize("name", NAMES)
def test_cache_batch_and_padding_change_no_word(name: str, exported: dict[str, Exported]) -> None:
    before = exported[name].before
    assert torch.equal(before["no cache"], before["batch"])
    assert torch.equal(before["alone"], before["batch"])
    assert len({tuple(row.tolist()) for row in before["batch"]}) == len(before["batch"])


def test_code_that_is_imported_goes_before_code_in_the_folder(
    exported: dict[str, Exported],
) -> None:
    one = next(iter(exported.values()))
    loading = cast(Any, AutoModelForImageTextToText).from_pretrained
    for trusted in (None, True):
        model = loading(one.standalone, trust_remote_code=trusted)
        assert type(model) is trainer.EncoderMixtureForConditionalGeneration


def test_an_export_is_what_was_saved(exported: dict[str, Exported], tmp_path: Path) -> None:
    one = next(iter(exported.values()))
    (tmp_path / "out").mkdir()
    out = trainer.export(one.saved, out=tmp_path / "out")
    for name in ("model.safetensors", "processor_config.json", "tokenizer.json"):
        assert (out / name).read_bytes() == (one.saved / name).read_bytes()
    assert len(list(out.iterdir())) == len(list(one.saved.iterdir()))


def test_every_part_needs_only_what_comes_with_transformers_and_timm() -> None:
    parts = {
        (package, name): load_class(package, name, base)
        for package, base in PACKAGES.items()
        for name in module_names(package)
    }
    libraries = set()
    for source in standalone_modules(parts).values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                libraries |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                libraries.add(str(node.module).split(".")[0])
    assert libraries - sys.stdlib_module_names <= ALLOWED


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_a_standalone_folder_holds_the_code_of_what_it_uses(
    parts: tuple[str, ...], exported: dict[str, Exported]
) -> None:
    folder = exported[" ".join(parts)].standalone
    code = {path.stem for path in folder.glob("*.py")}
    for package, part in zip(("fusions", "projectors", "geometry"), parts[:3], strict=True):
        found = {name for name in code if name.startswith(f"trainer_{package}_")}
        flat = f"trainer_{package}_{part.replace('-', '_')}"
        assert found == {flat, f"trainer_{package}_base"}
    assert not {name for name in code if "recipe" in name or "datakit_config" in name}
    config = json.loads((folder / "config.json").read_text())
    assert config["auto_map"]["AutoConfig"] == "trainer_encoder_mixture.EncoderMixtureConfig"


def test_the_card_says_how_to_ask(
    exported: dict[str, Exported],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "standalone").symlink_to(next(iter(exported.values())).standalone)
    RED.save("image.png")
    code = Path("standalone/README.md").read_text().split("```python\n")[1].split("```")[0]
    exec(code, {})
    assert capsys.readouterr().out.strip()


def test_the_command(exported: dict[str, Exported], tmp_path: Path) -> None:
    stage = next(iter(exported.values())).saved.parent
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", str(stage), "--out", str(out), "--standalone"])
    assert (done.exit_code, done.stdout.strip()) == (0, str(out))
    assert (out / "trainer_encoder_mixture.py").is_file()


def test_what_cannot_be_exported(exported: dict[str, Exported], tmp_path: Path) -> None:
    saved = next(iter(exported.values())).saved
    with pytest.raises(UsageError, match="no model in"):
        trainer.export(tmp_path, out=tmp_path / "out")
    with pytest.raises(OutputError, match="holds something already"):
        trainer.export(saved, out=saved)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        trainer.export(saved, out=tmp_path / "file" / "out")
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in saved.iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(TrainingError, match="cannot be loaded"):
        trainer.export(broken, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
