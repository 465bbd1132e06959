"""The model: encoders, a fusion, a projector and a language model behind one class.

Legend: B batch, N views (images, or tiles of them) of the whole batch, L tokens, H W grid,
C channels, D width, V vocabulary, S side of a view in pixels.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from trainer.encoders.build import build_backbone
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderSpec
from trainer.model.configuration import EncoderMixtureConfig
from trainer.model.parts import resolve_fusion, resolve_projector


class EncoderMixtureForConditionalGeneration(PreTrainedModel, GenerationMixin):  # type: ignore[no-untyped-call]
    """Several vision encoders in front of any causal language model.

    Views of the batch are one tensor, in the order in which their tokens stand in `input_ids`;
    a sample may have any number of them. Visual tokens are found by `config.image_token_id`.
    """

    config_class = EncoderMixtureConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    input_modalities = ("image", "text")  # type: ignore[assignment]
    supports_gradient_checkpointing = True
    _supports_attention_backend = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_sdpa = True

    def __init__(
        self,
        config: EncoderMixtureConfig,
        *,
        language_model: PreTrainedModel | None = None,
        load_encoders: bool = False,
    ) -> None:
        """Builds the model that `config` describes.

        Args:
            language_model: one that is loaded already; otherwise it is built with random weights.
            load_encoders: whether to load the weights that the encoders' presets name.
        """
        super().__init__(config)
        specs = [EncoderSpec.model_validate(encoder) for encoder in config.encoders or ()]
        self.encoders = nn.ModuleDict(
            {spec.name: build_backbone(spec, load_weights=load_encoders) for spec in specs}
        )
        fusion, fusion_settings = resolve_fusion(config.fusion or {})
        projector, projector_settings = resolve_projector(config.projector or {})
        shapes = [backbone.shape for backbone in self.backbones]
        height, width_cells = config.grid or (1, 1)
        self.fusion = fusion(shapes, (height, width_cells), fusion_settings)
        self.language_model: PreTrainedModel = language_model or random_language_model(
            config.get_text_config()
        )
        width = config.get_text_config().hidden_size
        self.projector = projector(self.fusion.shapes, width, projector_settings)
        layers = config.get_text_config().num_hidden_layers
        self.in_language_model = self.projector.layers_within(width, layers)
        if self.in_language_model is not None:
            self.in_language_model.attach(self.language_model)
        self._keep_encoder_weights()
        self.post_init()  # type: ignore[no-untyped-call]

    @property
    def backbones(self) -> list[Backbone]:
        """The encoders, in the order of the recipe."""
        return cast(list[Backbone], list(self.encoders.values()))

    @property
    def _knows_positions(self) -> bool:
        return "position_ids" in signature(self.language_model.forward).parameters

    @property
    def image_side_px(self) -> int:
        """S: the largest side that any encoder wants."""
        return max(backbone.spec.image_side_px for backbone in self.backbones)

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        view_areas: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        position_ids: Tensor | None = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Predicts the next tokens.

        Args:
            input_ids: (B, L), with `config.image_token_id` for each visual token.
            pixel_values: uint8, (N, 3, S, S).
            view_areas: (N, 4), left, top, right and bottom of what shows the image, in pixels;
                all of each view where it is None.
            attention_mask: (B, L), 0 at padding.
            inputs_embeds: (B, L, D), in place of `input_ids` and `pixel_values`.
            position_ids: (B, L), which `generate` counts without the padding, as it finds the name
                here; left out where the language model knows of none.
            **kwargs: all that the language model takes: `labels` (B, L) with -100 where there is
                nothing to learn, `num_items_in_batch` to divide the summed loss by, a cache.

        Returns:
            Loss (where there are labels), logits (B, L, V) and the cache.

        Raises:
            ValueError: visual tokens and views do not match; both counts are given.
        """
        self._show(None)
        if inputs_embeds is None:
            assert input_ids is not None, "either input_ids or inputs_embeds"
            inputs_embeds = self.embed(input_ids, pixel_values, view_areas)
        if position_ids is not None and self._knows_positions:
            kwargs["position_ids"] = position_ids
        outputs: CausalLMOutputWithPast = self.language_model(
            inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs
        )
        return outputs

    def embed(
        self, input_ids: Tensor, pixel_values: Tensor | None, view_areas: Tensor | None = None
    ) -> Tensor:
        """Embeds tokens, visual ones from the views: (B, L) and (N, 3, S, S) to (B, L, D).

        In training a batch without images runs one black view with weight zero, so that every
        rank takes the same path and every parameter has a gradient.
        """
        embeddings: Tensor = self.get_input_embeddings()(input_ids)
        is_visual = input_ids == self.config.image_token_id
        if pixel_values is None or len(pixel_values) == 0:
            self._check_visual_tokens(is_visual, num_views=0)
            if not self.training:
                return embeddings
            side = self.image_side_px
            blank = torch.zeros(1, 3, side, side, dtype=torch.uint8, device=input_ids.device)
            visual = self.visual_tokens(blank)
            self._show(is_visual)
            return embeddings + 0 * visual.mean().to(embeddings.dtype)
        self._check_visual_tokens(is_visual, num_views=len(pixel_values))
        visual = self.visual_tokens(pixel_values, view_areas).to(embeddings.dtype)
        self._show(is_visual)
        return embeddings.masked_scatter(is_visual.unsqueeze(-1), visual)

    def _show(self, is_visual: Tensor | None) -> None:
        """Shows the layers within the language model what they may read: nothing without a mask."""
        if self.in_language_model is not None:
            seen = None if is_visual is None else self.projector.seen
            self.in_language_model.show(seen, is_visual)

    def visual_tokens(self, pixel_values: Tensor, view_areas: Tensor | None = None) -> Tensor:
        """Encodes, joins and projects: uint8 (N, 3, S, S) to (N, tokens a view, D)."""
        grids = [backbone(pixel_values) for backbone in self.backbones]
        areas = None if view_areas is None else view_areas.float() / pixel_values.shape[-1]
        tokens: Tensor = self.projector(self.fusion(grids, areas), areas)
        return tokens

    def get_input_embeddings(self) -> nn.Module:
        """The language model's."""
        embeddings: nn.Module = self.language_model.get_input_embeddings()
        return embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replaces the language model's."""
        self.language_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        """The language model's head."""
        head: nn.Module = self.language_model.get_output_embeddings()  # type: ignore[no-untyped-call]
        return head

    def set_output_embeddings(self, new_embeddings: nn.Module) -> None:
        """Replaces the language model's head."""
        self.language_model.set_output_embeddings(new_embeddings)  # type: ignore[no-untyped-call]

    def prepare_inputs_for_generation(
        self,
        *args: Any,
        pixel_values: Tensor | None = None,
        view_areas: Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Hands the images over once: later steps find their tokens in the cache."""
        above: Any = super()  # typed in some versions of transformers, and not in others
        inputs: dict[str, Any] = above.prepare_inputs_for_generation(*args, **kwargs)
        if kwargs.get("is_first_iteration") or not kwargs.get("use_cache", True):
            inputs |= {"pixel_values": pixel_values, "view_areas": view_areas}
        return inputs

    def _expand_inputs_for_generation(
        self,
        expand_size: int = 1,
        is_encoder_decoder: bool = False,
        input_ids: torch.LongTensor | None = None,
        **model_kwargs: Any,
    ) -> tuple[torch.LongTensor, dict[str, Any]]:
        """Repeats each sample with its views, for beam search and several answers."""
        views = {name: model_kwargs.pop(name, None) for name in ("pixel_values", "view_areas")}
        ids, expanded = super()._expand_inputs_for_generation(  # type: ignore[misc]
            expand_size=expand_size,
            is_encoder_decoder=is_encoder_decoder,
            input_ids=input_ids,
            **model_kwargs,
        )
        for name, tensor in views.items():
            if tensor is not None and input_ids is not None:
                visual = (input_ids == self.config.image_token_id).sum(dim=1)
                of_samples = tensor.split((visual // self.projector.num_tokens).tolist())
                copies = (own.repeat(expand_size, *[1] * (own.dim() - 1)) for own in of_samples)
                expanded[name] = torch.cat(list(copies))
        return ids, expanded

    def _check_visual_tokens(self, is_visual: Tensor, num_views: int) -> None:
        expected = num_views * self.projector.num_tokens
        found = int(is_visual.sum())
        if found != expected:
            raise ValueError(
                f"{found} visual tokens in input_ids, but {num_views} views of "
                f"{self.projector.num_tokens} tokens make {expected}. Let the processor write them."
            )

    def _keep_encoder_weights(self) -> None:
        """Marks the encoders as initialised: timm does it by architecture, transformers cannot."""
        if any(parameter.is_meta for parameter in self.encoders.parameters()):
            return
        for module in self.encoders.modules():
            module._is_hf_initialized = True  # type: ignore[assignment]

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        # Buffers that a checkpoint does not hold are empty after loading on the meta device.
        initialise = getattr(module, "init_non_persistent_buffers", None)
        if initialise is not None:
            initialise()


def random_language_model(config: PreTrainedConfig) -> PreTrainedModel:
    """A language model with random weights."""
    model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
        config
    )
    return model
