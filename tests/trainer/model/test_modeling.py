"""The model as transformers sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoProcessor,
)

import trainer
from datakit.record import Message
from tests.trainer.conftest import SMALL
from trainer.encoders import build_backbone
from trainer.errors import TrainingError
from trainer.model.build import ModelAndProcessor, build_model, load_model
from trainer.model.chat_template import load_chat_template
from trainer.model.tokenizer import train_tokenizer
from trainer.recipe import load_recipe

RED = Image.new("RGB", (90, 40), "red")
BLUE = Image.new("RGB", (40, 90), "blue")


def inputs_of(built: ModelAndProcessor, texts: list[str], images: list[Image.Image]) -> Any:
    """A batch of prompts, padded on the left."""
    turns = [[{"role": "user", "content": text}] for text in texts]
    prompts = [
        built.processor.apply_chat_template(turn, add_generation_prompt=True) for turn in turns
    ]
    return built.processor(text=prompts, images=images or None, padding=True, return_tensors="pt")


def answers(built: ModelAndProcessor, inputs: Any, **options: Any) -> Tensor:
    model = cast(Any, built.model)
    written = model.generate(
        **inputs, max_new_tokens=6, min_new_tokens=6, do_sample=False, **options
    )
    new: Tensor = written[:, inputs["input_ids"].shape[1] :]
    return new


def test_saved_and_loaded_gives_the_same_logits(small: ModelAndProcessor, tmp_path: Path) -> None:
    small.model.save_pretrained(tmp_path)
    small.processor.save_pretrained(tmp_path)
    loaded = load_model(tmp_path)
    inputs = inputs_of(small, ["<image>What?"], [RED])
    again = cast(Any, AutoProcessor).from_pretrained(tmp_path)(
        text=small.processor.tokenizer.decode(inputs["input_ids"][0]).replace(
            "<image>" * 64, "<image>"
        ),
        images=[RED],
        return_tensors="pt",
    )
    assert torch.equal(again["input_ids"], inputs["input_ids"])
    assert torch.equal(again["pixel_values"], inputs["pixel_values"])
    assert torch.equal(again["view_areas"], inputs["view_areas"])
    with torch.no_grad():
        assert torch.equal(loaded(**again).logits, small.model(**inputs).logits)


REMOVED = "projector.heads.0.0.weight"


def missing(state: dict[str, Tensor]) -> None:
    del state[REMOVED]


def left_over(state: dict[str, Tensor]) -> None:
    state["projector.heads.1.0.weight"] = torch.zeros(2)


def of_another_shape(state: dict[str, Tensor]) -> None:
    state[REMOVED] = state[REMOVED][:, 1:].contiguous()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing, f"missing_keys: {REMOVED}"),
        (left_over, "unexpected_keys: projector.heads.1.0.weight"),
        (of_another_shape, f"mismatched_keys: {REMOVED} of 64 x 191, not 64 x 192."),
    ],
)
def test_a_checkpoint_of_other_tensors_is_fatal(
    small: ModelAndProcessor,
    tmp_path: Path,
    spoil: Callable[[dict[str, Tensor]], None],
    message: str,
) -> None:
    small.model.save_pretrained(tmp_path)
    small.processor.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    spoil(state)
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TrainingError, match=f"{tmp_path} does not hold this model. {message}"):
        load_model(tmp_path)
    with pytest.raises(TrainingError, match=message):
        trainer.ChatSession(tmp_path)


def test_a_broken_checkpoint_is_fatal(small: ModelAndProcessor, tmp_path: Path) -> None:
    small.model.save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=f"the model in {tmp_path} cannot be loaded"):
        load_model(tmp_path)
    weights.unlink()
    with pytest.raises(TrainingError, match="model.safetensors"):
        load_model(tmp_path)


def test_the_answer_depends_on_the_image(small: ModelAndProcessor) -> None:
    with torch.no_grad():
        red = small.model(**inputs_of(small, ["<image>What?"], [RED])).logits
        blue = small.model(**inputs_of(small, ["<image>What?"], [BLUE])).logits
    assert not torch.allclose(red, blue)


def test_padded_in_a_batch_and_alone_the_same_is_written(small: ModelAndProcessor) -> None:
    texts = ["<image>What colour is the shape?", "And this one?", "<image> <image>"]
    batch = answers(small, inputs_of(small, texts, [RED, BLUE, RED]))
    for row, (text, images) in enumerate(zip(texts, [[RED], [], [BLUE, RED]], strict=True)):
        alone = answers(small, inputs_of(small, [text], images))
        assert torch.equal(alone[0], batch[row])


def test_learned_positions_are_counted_without_the_padding() -> None:
    gpt2 = "{model_type: gpt2, n_embd: 32, n_head: 2, n_layer: 2}"
    recipe = load_recipe("tiny", [f"model.language_model={gpt2}"]).value.model
    template = load_chat_template("chatml")
    tokenizer = train_tokenizer(["What?"], vocab_size=320, template=template)
    built = build_model(recipe, tokenizer, seed=1)
    built.model.train(False)
    texts = ["What?", "And what does this other one say?"]
    inputs = inputs_of(built, texts, [])
    together = built.model(**inputs, position_ids=(inputs["attention_mask"].cumsum(1) - 1).clamp(0))
    alone = built.model(**inputs_of(built, texts[:1], []))
    assert torch.allclose(together.logits[0, -1], alone.logits[0, -1], atol=1e-5)
    assert torch.equal(answers(built, inputs)[:1], answers(built, inputs_of(built, texts[:1], [])))


def test_the_model_never_writes_a_visual_token(small: ModelAndProcessor) -> None:
    visual = small.model.config.image_token_id
    head = cast(Any, small.model.get_output_embeddings())
    hook = head.register_forward_hook(
        lambda *called: called[2].index_fill(-1, torch.tensor([visual]), 1e4)
    )
    try:
        written = answers(small, inputs_of(small, ["<image>What?"], [RED]))
    finally:
        hook.remove()
    assert visual not in written


def test_with_a_cache_and_without_the_same_is_written(small: ModelAndProcessor) -> None:
    inputs = inputs_of(small, ["<image>What?"], [RED])
    assert torch.equal(answers(small, inputs), answers(small, inputs, use_cache=False))


def test_beams_keep_each_sample_with_its_own_images(small: ModelAndProcessor) -> None:
    texts = ["<image>What?", "<image> <image>"]
    batch = answers(small, inputs_of(small, texts, [RED, BLUE, RED]), num_beams=2)
    alone = answers(small, inputs_of(small, texts[1:], [BLUE, RED]), num_beams=2)
    assert torch.equal(alone[0], batch[1])


def test_visual_tokens_without_images_are_an_error_with_both_counts(
    small: ModelAndProcessor,
) -> None:
    inputs = inputs_of(small, ["<image>What?"], [RED])
    with pytest.raises(ValueError, match="64 visual tokens in input_ids, but 0 views"):
        small.model(input_ids=inputs["input_ids"])


def test_a_batch_of_text_gives_every_parameter_a_gradient(small: ModelAndProcessor) -> None:
    ids = torch.tensor(
        [small.processor.encode_conversation([Message(role="user", content="a")]).input_ids]
    )
    small.model.train()
    loss = small.model(input_ids=ids, labels=ids).loss
    loss.backward()
    without = [name for name, tensor in small.model.named_parameters() if tensor.grad is None]
    vision = [tensor.grad for tensor in small.model.encoders.parameters()]
    small.model.zero_grad(set_to_none=True)
    small.model.train(False)
    assert without == []
    assert all(grad is not None and not grad.any() for grad in vision)


def test_a_loaded_language_model_keeps_its_weights(
    small: ModelAndProcessor, tmp_path: Path
) -> None:
    config = AutoConfig.for_model(
        "llama",
        vocab_size=200,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=2,
        tie_word_embeddings=False,
    )
    language_model = cast(Any, AutoModelForCausalLM).from_config(config)
    language_model.save_pretrained(tmp_path / "llama")
    recipe = load_recipe("tiny", [*SMALL[:1], f"model.language_model={tmp_path / 'llama'}"]).value
    built = build_model(recipe.model, small.processor.tokenizer, seed=3)
    state = built.model.language_model.state_dict()
    for name, tensor in language_model.state_dict().items():
        rows = slice(len(tensor))  # more may follow: tokens that the vocabulary lacked
        assert torch.equal(state[name][rows], tensor), name
    assert len(state["lm_head.weight"]) == len(small.processor.tokenizer)
    built.model.save_pretrained(tmp_path / "mixture")
    again = load_model(tmp_path / "mixture").state_dict()
    assert all(
        torch.equal(again[name], tensor) for name, tensor in built.model.state_dict().items()
    )


def test_encoder_weights_load_from_a_file(small: ModelAndProcessor, tmp_path: Path) -> None:
    convnext = small.model.backbones[1]
    torch.save(convnext.get_submodule("backbone").state_dict(), tmp_path / "weights.pth")
    spec = convnext.spec.model_copy(update={"weights": str(tmp_path / "weights.pth")})
    loaded = build_backbone(spec, load_weights=True).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in convnext.state_dict().items())
