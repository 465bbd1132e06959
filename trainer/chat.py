"""A conversation with a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import cast

import torch
import transformers
from PIL import Image
from torch import Tensor, nn

from datakit.errors import UsageError
from datakit.record import IMAGE_PLACEHOLDER, Message
from trainer.model.conversation import check_placeholders
from trainer.training.checkpoints.open import open_model


class ChatSession:
    """A model and what has been said to it."""

    def __init__(self, model: Path | str, images: Sequence[Path | str] = ()) -> None:
        """Loads a saved model.

        Args:
            model: see `open_model`.
            images: files that the first message speaks of.

        Raises:
            UsageError: there is no model, or an image cannot be read.
            TrainingError: the folder does not hold the whole model.
        """
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        opened = open_model(Path(model))
        self.model = cast(nn.Module, opened.model).to(self.device)
        self.processor = opened.processor
        self.images = [_read_image(Path(image)) for image in images]
        self.messages: list[Message] = []

    def say(self, text: str, *, max_new_tokens: int = 128) -> str:
        """Adds a user's message and returns the model's answer, chosen greedily.

        Images come before the first message, unless `<image>` stands where they belong.

        Raises:
            UsageError: the text cannot be written in UTF-8.
            DataError: placeholders and images do not match.
        """
        _check_text(text)
        if not self.messages and IMAGE_PLACEHOLDER not in text:
            text = f"{IMAGE_PLACEHOLDER}\n" * len(self.images) + text
        messages = [*self.messages, Message(role="user", content=text)]
        check_placeholders(messages, len(self.images), where="the message")
        answer = self._generate(messages, max_new_tokens)
        self.messages = [*messages, Message(role="assistant", content=answer)]
        return answer

    def _generate(self, messages: Sequence[Message], max_new_tokens: int) -> str:
        views_of_images = [self.processor.image_processor.views(image) for image in self.images]
        encoded = self.processor.encode_conversation(
            messages, views_of_images=[len(views) for views in views_of_images], reply_expected=True
        )
        ids = encoded.input_ids
        inputs = {"input_ids": torch.tensor([ids], device=self.device)}
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        if self.images:
            pixels, areas = self.processor.image_processor.stack(list(chain(*views_of_images)))
            inputs |= {"pixel_values": pixels.to(self.device), "view_areas": areas.to(self.device)}
        generate = cast(Callable[..., Tensor], self.model.generate)
        written = generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        answer = self.processor.tokenizer.decode(written[0, len(ids) :], skip_special_tokens=True)
        return str(answer).strip()


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = f"its character {error.start + 1} is {text[error.start]!a}"
        raise UsageError(f"the message is no text: {found}. Write it in UTF-8.") from None


def _read_image(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except FileNotFoundError:
        raise UsageError(f"no image at {path}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UsageError(f"{path} cannot be read as an image: {error}") from error
