"""Standalone exports in an environment of their own, beside the models that they were made of.

    python benchmarks/standalone.py [MODEL ...]

MODEL is a folder that `fit` wrote, `RUN/<stage>/model`. Those, and tiny random models that have
every fusion, projector, geometry and chat template between them, are exported; uv makes an
environment of torch, transformers and timm, and what they say there is compared: logits, and words
generated in a batch, alone, without a cache and with beams.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from transformers.utils.logging import disable_progress_bar  # noqa: E402

import trainer  # noqa: E402
from tests.trainer.exporting import answers as answering  # noqa: E402
from tests.trainer.exporting.test_export import COMBINATIONS, tiny  # noqa: E402
from trainer.model.build import load_model, load_processor  # noqa: E402
from trainer.training.save import save_model  # noqa: E402

PACKAGES = ("torch", "transformers", "timm", "pillow")


def second_environment(folder: Path) -> Path:
    """Makes an environment, prints what is in it, and returns its Python."""
    python = folder / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder], check=True)
    pinned = [f"torch=={torch.__version__.partition('+')[0]}", *PACKAGES[1:]]
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *pinned], check=True)
    listed = subprocess.run(
        ["uv", "pip", "list", "--quiet", "--python", python, "--format", "freeze"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    print(f"second environment: uv pip install {' '.join(PACKAGES)}")
    print(", ".join(package for package in listed if not package.startswith(("nvidia-", "cuda-"))))
    return python


def main(models: list[Path]) -> None:
    torch.set_num_threads(1)
    disable_progress_bar()  # type: ignore[no-untyped-call]
    print(platform.platform(), f"Python {platform.python_version()}")
    with TemporaryDirectory() as folder:
        root = Path(folder)
        named = {str(path): path for path in models}
        for parts in COMBINATIONS:
            built = tiny(*parts)
            named[" + ".join(parts)] = root / "-".join(parts)
            save_model(root / "-".join(parts), built.model, built.processor)
        exports = {
            name: trainer.export(path, out=root / f"export-{number}", standalone=True)
            for number, (name, path) in enumerate(named.items())
        }
        python = second_environment(root / "second")
        environment = {**os.environ, "HF_MODULES_CACHE": str(root / "cache")}
        folders = [str(export) for export in exports.values()]
        command = [str(python), "-I", answering.__file__, str(root / "results"), *folders]
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
        results = torch.load(root / "results")
        for name, path in named.items():
            here = answering.answers(load_model(path), load_processor(path))
            there = results[str(exports[name])]
            largest = (here["logits"] - there["logits"]).abs().max().item()
            words = {way: torch.equal(here[way], there[way]) for way in here if way != "logits"}
            said = ", ".join(f"{way} {'same' if same else 'OTHER'}" for way, same in words.items())
            print(f"{name}\n  largest difference of a logit {largest:.1e}; words: {said}")


if __name__ == "__main__":
    main([Path(model) for model in sys.argv[1:]])
