"""The processor: a tokenizer, an image processor and the chat template, saved as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase
from transformers.processing_utils import ProcessorMixin, TextKwargs

from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.chat_format import ChatFormat
from trainer.model.conversation import (
    EncodedConversation,
    count_placeholders,
    encode_conversation,
)
from trainer.model.image_processor import SquareImageProcessor


class EncoderMixtureProcessor(ProcessorMixin):
    """Prepares text and images for the model.

    Called with text, it follows transformers: special tokens in the text are tokens, `<image>`
    stands for an image. `encode_conversation` is the way for text that others wrote; that of
    transformers is `apply_chat_template(…, tokenize=True, sanitize_control_tokens=True)`.
    """

    text_kwargs = TextKwargs(add_special_tokens=False)  # the chat template writes them

    def __init__(
        self,
        image_processor: SquareImageProcessor,
        tokenizer: PreTrainedTokenizerBase,
        chat_format: Mapping[str, Any],
        tokens_per_view: int = 1,
        chat_template: str | None = None,
    ) -> None:
        """Takes the parts.

        Args:
            chat_format: keys of `ChatFormat`, with the tokenizer's own tokens in it.
            tokens_per_view: visual tokens of a view; an image has one view or several.
            chat_template: the same in Jinja; made from `chat_format` where none is given.
        """
        self.chat_format = dict(chat_format)
        self.tokens_per_view = tokens_per_view
        self.format = ChatFormat.model_validate(self.chat_format)
        self.image_token = IMAGE_PLACEHOLDER
        self.image_token_id = token_id(tokenizer, IMAGE_PLACEHOLDER)
        super().__init__(  # type: ignore[no-untyped-call]
            image_processor, tokenizer, chat_template=chat_template or self.format.jinja()
        )

    def encode_conversation(
        self,
        messages: Sequence[Message],
        *,
        views_of_images: Sequence[int] | None = None,
        reply_expected: bool = False,
    ) -> EncodedConversation:
        """Encodes and labels a conversation; no text in it becomes a special token.

        Args:
            views_of_images: how many views each image has, in the order of the placeholders; one
                each where it is None.
        """
        if views_of_images is None:
            views_of_images = [1] * count_placeholders(messages)
        return encode_conversation(
            messages,
            tokenizer=self.tokenizer,
            chat_format=self.format,
            tokens_of_images=[count * self.tokens_per_view for count in views_of_images],
            reply_expected=reply_expected,
        )

    def replace_image_token(self, image_inputs: Any, image_idx: int, **_: Any) -> str:
        """What one `<image>` becomes: as many of them as the image has visual tokens."""
        num_views: int = image_inputs["num_views"][image_idx]
        return self.image_token * (num_views * self.tokens_per_view)

    @property
    def unused_input_names(self) -> list[str]:
        """What the image processor says for the text's sake, and the model does not take."""
        return ["num_views"]

    def to_dict(self) -> dict[str, Any]:
        """What `processor_config.json` holds: what the processor is made of, nothing derived."""
        saved: dict[str, Any] = super().to_dict()
        for key in ("format", "image_token", "image_token_id"):
            saved.pop(key, None)
        return saved


def token_id(tokenizer: PreTrainedTokenizerBase, token: str) -> int:
    """The id of one token that the tokenizer holds."""
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int) and found != tokenizer.unk_token_id, f"{token} is no token"
    return found
