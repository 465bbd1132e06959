"""Vision encoders: what a preset says, and the backbone that it describes."""

from trainer.encoders.preset import EncoderPreset, EncoderSpec, resolve_encoder
from trainer.encoders.timm_backbone import TimmBackbone

__all__ = ["EncoderPreset", "EncoderSpec", "TimmBackbone", "resolve_encoder"]
