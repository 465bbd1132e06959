"""When two texts say the same: without case, punctuation, articles and thousands separators."""

from __future__ import annotations

import re
import unicodedata

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
# A point or comma inside a number and a minus before one carry meaning; so do symbols such as
# # % / < = and every other that is not listed here.
PUNCTUATION = re.compile(
    r"(?<!\d)[.,](?!\d)|(?<=\d)[.,](?!\d)|(?<=\w)-|-(?!\d)|[;:!?\"'()\[\]{}…“”‘’„«»¿¡、。_]"
)


def normalize(text: str) -> str:
    """A text's normal form; two texts with one form count as the same. Idempotent.

    A text of nothing but articles or punctuation keeps its case-folded self.
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    previous, current = folded, _strip(folded)
    while current != previous:
        previous, current = current, _strip(current)
    return current or folded


def _strip(text: str) -> str:
    text = THOUSANDS.sub("", text)
    text = PUNCTUATION.sub(" ", text)
    return " ".join(ARTICLES.sub(" ", text).split())
