"""Configuration of an encoder mixture, as `config.json` holds it."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec


class EncoderMixtureConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """All that is needed to build the model without its recipe.

    Attributes:
        text_config: configuration of the language model.
        encoders: keys of `trainer.encoders.EncoderSpec`, one map an encoder.
        fusion: `type` and the fusion's own keys.
        projector: `type` and the projector's own keys.
        grid: height and width of the shared grid, in cells.
        image_token_id: the token that stands for one visual token in `input_ids`.
    """

    model_type = "encoder-mixture"
    sub_configs_defaults = {  # noqa: RUF012 - transformers reads this as it is
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="llama")
    }

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    encoders: list[dict[str, Any]] | None = None
    fusion: dict[str, Any] | None = None
    projector: dict[str, Any] | None = None
    grid: list[int] | None = None
    image_token_id: int | None = None
