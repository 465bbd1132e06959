"""How many questions a model answers word for word, with the right images and with others."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor, nn

import datakit
from tests.learning.charts import kind_of
from trainer.model.build import load_model, load_processor

BATCH = 50
LONGEST_ANSWER_TOKENS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a model said to the questions of one kind, beside what is true."""

    said: tuple[str, ...]
    true: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of the questions, those that were answered word for word."""
        return sum(a == b for a, b in zip(self.said, self.true, strict=True)) / len(self.true)

    @property
    def chance(self) -> float:
        """The share to be expected if what is said has nothing to do with what is true."""
        said, true = Counter(self.said), Counter(self.true)
        return sum(said[text] * true[text] for text in true) / len(self.true) ** 2

    @property
    def standard_error(self) -> float:
        """Of the share, where chance is all there is."""
        return sqrt(self.chance * (1 - self.chance) / len(self.true))


class Examined:
    """A trained model, and single questions with one image each that it has not seen."""

    def __init__(self, model: Path, questions: Path) -> None:
        self._model = cast(nn.Module, load_model(model))
        self._model.eval()
        self._processor = load_processor(model)
        data = datakit.open(questions)
        self._samples = [data[row] for row in range(len(data))]
        self._images = [sample.open_images()[0] for sample in self._samples]

    def with_own_images(self) -> dict[str, Answers]:
        """The answers by kind of question."""
        return self._ask(self._images)

    def with_others_images(self) -> dict[str, Answers]:
        """The same, after the images changed places."""
        images = list(self._images)
        random.Random(0).shuffle(images)
        return self._ask(images)

    def _ask(self, images: Sequence[Image.Image]) -> dict[str, Answers]:
        said: list[str] = []
        for start in range(0, len(images), BATCH):
            some = self._samples[start : start + BATCH]
            said += self._say(some, images[start : start + BATCH])
        found: dict[str, list[tuple[str, str]]] = {}
        for sample, text in zip(self._samples, said, strict=True):
            *_, question, answer = sample.messages
            found.setdefault(kind_of(question.content), []).append((text, answer.content))
        return {
            kind: Answers(said=tuple(s for s, _ in pairs), true=tuple(t for _, t in pairs))
            for kind, pairs in found.items()
        }

    def _say(
        self, samples: Sequence[datakit.LoadedSample], images: Sequence[Image.Image]
    ) -> list[str]:
        processor: Any = self._processor
        prompts = [
            processor.apply_chat_template(
                [{"role": m.role, "content": m.content} for m in sample.messages[:-1]],
                add_generation_prompt=True,
            )
            for sample in samples
        ]
        inputs = processor(
            text=prompts,
            images=[[image] for image in images],
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )
        generate = cast(Callable[..., Tensor], self._model.generate)
        with torch.inference_mode():
            ids = generate(**inputs, max_new_tokens=LONGEST_ANSWER_TOKENS, do_sample=False)
        answers = ids[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in processor.batch_decode(answers, skip_special_tokens=True)]
