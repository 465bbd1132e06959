"""transformers knows the model after `import trainer`; the help page loads no torch."""

from __future__ import annotations

import pytest

from tests.trainer.conftest import run_python

KNOWN = "from transformers import AutoConfig; AutoConfig.for_model('encoder-mixture')"


@pytest.mark.parametrize(
    "code",
    [
        f"import trainer; {KNOWN}",
        f"import transformers, trainer; {KNOWN}",
        f"import importlib.util, trainer; importlib.util.find_spec('transformers'); {KNOWN}",
    ],
)
def test_the_auto_classes_know_the_model(code: str) -> None:
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


def test_the_help_page_loads_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['trainer', '--help']\n"
        "from trainer.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'timm', 'deepspeed', 'pydantic', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
