"""What `trainer list` shows."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import trainer
from datakit.errors import UsageError
from datakit.registry import module_names
from trainer.cli.main import app
from trainer.listing import FOLDERS


@pytest.mark.parametrize("kind", FOLDERS)
def test_everything_is_listed_with_a_sentence(kind: str) -> None:
    found = trainer.catalog(kind)
    assert all(what and "." not in what[-1] for what in found.values()), found
    if kind in ("fusions", "projectors"):
        assert list(found) == module_names(f"trainer.{kind}")


def test_the_command_lists_recipes() -> None:
    done = CliRunner().invoke(app, ["list", "recipes"])
    assert done.exit_code == 0
    assert "honeybee-c-7b         Honeybee-C-7B (arXiv 2312.06742): the C-Abstractor" in done.stdout


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no kind 'recipe'. Did you mean 'recipes'"):
        trainer.catalog("recipe")
