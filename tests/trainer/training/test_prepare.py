"""A tokenizer that lacks tokens gets them, and the console says so."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

import datakit
from datakit.errors import UsageError
from datakit.record import Message
from tests.trainer.conftest import SMALL
from trainer.model.build import ModelAndProcessor, build_model, load_model
from trainer.recipe import load_recipe
from trainer.training.prepare import make_tokenizer
from trainer.training.processes import Processes
from trainer.training.save import save_model

ALONE = Processes(rank=0, count=1, device=torch.device("cpu"))


@pytest.fixture
def language_model(tmp_path: Path) -> Path:
    """A saved Llama and its tokenizer of bytes, which knows the end of a text and nothing more."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["</s>", *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = cast(Any, PreTrainedTokenizerFast)(tokenizer_object=backend, eos_token="</s>")
    tokenizer.save_pretrained(tmp_path / "llama")
    config = AutoConfig.for_model(
        "llama",
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    cast(Any, AutoModelForCausalLM).from_config(config).save_pretrained(tmp_path / "llama")
    return tmp_path / "llama"


@pytest.mark.parametrize(
    ("template", "added", "stop"),
    [
        ("chatml", ["<|im_start|>", "<|im_end|>", "<image>"], "<|im_end|>"),
        ("plain", ["<image>"], "</s>"),
    ],
)
def test_missing_tokens_are_added_with_embeddings_and_said(
    language_model: Path,
    build_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    template: str,
    added: list[str],
    stop: str,
) -> None:
    settings = [f"model.language_model={language_model}", f"model.chat_template={template}"]
    recipe = load_recipe("tiny", [SMALL[0], *settings]).value.model

    def tokenizer_of(embeddings_train: bool) -> PreTrainedTokenizerBase:
        return make_tokenizer(
            recipe,
            [datakit.open(build_path)],
            folder=tmp_path,
            embeddings_train=embeddings_train,
            processes=ALONE,
        )

    lacking = ", ".join(re.escape(token) for token in added[:-1])
    refused = pytest.raises(UsageError, match=f"lacks {lacking} of .*'{template}', and no stage")
    with refused if lacking else nullcontext():
        tokenizer_of(embeddings_train=False)
    capsys.readouterr()
    tokenizer = tokenizer_of(embeddings_train=True)
    count = "1 token that it lacks" if len(added) == 1 else f"{len(added)} tokens that it lacks"
    said = capsys.readouterr().out
    assert f"tokenizer {language_model}: added {count}: {', '.join(added)}" in said
    assert tokenizer.eos_token == stop

    built = build_model(recipe, tokenizer, seed=1)
    save_model(tmp_path / "model", built.model, built.processor)
    model = load_model(tmp_path / "model")
    embeddings = cast(Any, model.get_input_embeddings())
    assert embeddings.num_embeddings == 257 + len(added)
    turns = [Message(role="user", content="<image>?"), Message(role="assistant", content="Yes")]
    encoded = built.processor.encode_conversation(turns)
    assert encoded.input_ids.count(model.config.image_token_id) == 64
    assert [token for token in encoded.labels if token == tokenizer.eos_token_id] != []
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id


@pytest.mark.parametrize("named", [False, True])
def test_no_token_sees_those_that_follow(
    language_model: Path, small: ModelAndProcessor, named: bool
) -> None:
    setting = [f"model.language_model={language_model}"] if named else []
    recipe = load_recipe("tiny", [*SMALL[: 1 if named else None], *setting]).value.model
    model = build_model(recipe, small.processor.tokenizer, seed=1).model.train(False)
    first = torch.arange(30, 38).unsqueeze(0)
    second = first.clone()
    second[0, -1] = 40
    with torch.no_grad():
        before, after = (model(input_ids=ids).logits[:, :-1] for ids in (first, second))
    assert torch.equal(before, after)
