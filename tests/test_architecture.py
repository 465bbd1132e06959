"""The layers, the public names, and what `import datakit` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from PIL import Image

import datakit

PACKAGE = Path(datakit.__file__).parent
LAYERS = [
    ("errors", "version"),
    ("record", "registry", "console", "config", "io"),
    ("geometry",),
    ("mixture",),
    ("sources",),
    ("instructize",),
    ("balance", "demo"),
    ("planning",),
    ("shards",),
    ("inspect",),
    ("exporting", "publishing"),
    ("catalog", "api", "starter"),
    ("cli",),
    ("__main__",),
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
TRAINER_MAY_IMPORT = {"config", "console", "errors", "io", "record", "registry"}
PUBLIC = [
    "BuildResult",
    "BuiltDataset",
    "Difference",
    "ExportResult",
    "LoadedSample",
    "Manifest",
    "Plan",
    "PreviewedSample",
    "Progress",
    "PushResult",
    "RecordFate",
    "SampleOrigin",
    "WantedDownload",
    "__version__",
    "build",
    "check",
    "diff",
    "downloads",
    "export",
    "open",
    "plan",
    "preview",
    "push",
    "resolve",
    "verify",
]


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def part_of(module: str) -> str:
    """`datakit.io.atomic` is of `io`; the package itself is the top."""
    return module.split(".")[1] if "." in module else ""


def test_every_part_of_the_package_has_a_layer() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    parts -= {"__init__", "__pycache__", "templates", "mixtures"}
    assert parts == set(RANK)


def test_imports_go_down_only() -> None:
    upward = []
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        for module in imports_of(path):
            target = part_of(module) if module.split(".")[0] == "datakit" else None
            if target and target != part and RANK[target] >= RANK[part]:
                upward.append(f"{path.relative_to(PACKAGE)} imports {module}")
            if target == "" and part != "cli":
                upward.append(f"{path.relative_to(PACKAGE)} imports the package itself")
    assert upward == []


def test_trainer_knows_datakit_by_its_public_face_only() -> None:
    wrong = []
    for path in (PACKAGE.parent / "trainer").rglob("*.py"):
        for module in imports_of(path):
            if module.split(".")[0] == "datakit" and part_of(module) not in {
                "",
                *TRAINER_MAY_IMPORT,
            }:
                wrong.append(f"{path.name} imports {module}")
    assert wrong == []


def test_datakit_never_imports_the_trainers_libraries() -> None:
    heavy = {"torch", "transformers", "timm", "deepspeed", "trainer"}
    wrong = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in PACKAGE.rglob("*.py")
        for module in imports_of(path)
        if module.split(".")[0] in heavy
    ]
    assert wrong == []


def test_public_names() -> None:
    assert datakit.__all__ == PUBLIC == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(datakit, name) is not None


def test_a_whole_build_loads_neither_torch_nor_pandas(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("q,a,file\nWhat is it?,a dot,dot.png\n")
    Image.new("RGB", (8, 8)).save(tmp_path / "dot.png")
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nsources:\n  - {dataset: columns, path: mine.csv,"
        " options: {question: q, answer: a, image: file}}\n"
    )
    code = (
        "import sys, datakit, datakit.cli.main, datakit.inspect, datakit.catalog\n"
        "datakit.build('mine.yaml', out='out', root='.')\n"
        "heavy = {'torch', 'transformers', 'timm', 'deepspeed', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_the_help_page_loads_none_of_what_the_work_needs() -> None:
    """Its cost is then typer's own; `benchmarks/help_time.py` measures it."""
    code = (
        "import sys\nsys.argv = ['datakit', '--help']\n"
        "from datakit.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "heavy = {'polars', 'pyarrow', 'pydantic', 'PIL', 'numpy', 'rich.table'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
