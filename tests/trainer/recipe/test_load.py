"""Recipes that extend others."""

from __future__ import annotations

from pathlib import Path

from trainer.recipe import Recipe, load_recipe


def extended(folder: Path, model: str) -> Recipe:
    """A recipe over `tiny`."""
    path = folder / "own.yaml"
    path.write_text(f"extends: tiny\nmodel:\n  {model}\n")
    return load_recipe(path).value


def test_a_map_of_another_kind_replaces_the_one_it_extends(tmp_path: Path) -> None:
    other = {"model_type": "gpt2", "n_embd": 64}
    assert extended(tmp_path, f"language_model: {other}").model.language_model == other
    projector = extended(tmp_path, "projector: {type: resampler}").model.projector
    assert projector.as_map() == {"type": "resampler"}


def test_a_map_of_the_same_kind_or_of_none_merges(tmp_path: Path) -> None:
    before = load_recipe("tiny").value.model
    for text in ("{model_type: llama, hidden_size: 96}", "{hidden_size: 96}"):
        after = extended(tmp_path, f"language_model: {text}").model
        assert isinstance(before.language_model, dict)
        assert after.language_model == {**before.language_model, "hidden_size": 96}
