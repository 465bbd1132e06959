"""When two texts say the same: without case, punctuation, articles and thousands separators."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
ARTICLE_WORDS = frozenset({"a", "an", "the"})
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
# A point or comma inside a number and a minus before one carry meaning; so do symbols such as
# # % / < = and every other that is not listed here.
PUNCTUATION = re.compile(
    r"(?<!\d)[.,](?!\d)|(?<=\d)[.,](?!\d)|(?<=\w)-|-(?!\d)|[;:!?\"'()\[\]{}…“”‘’„«»¿¡、。_]"
)


# Answers repeat, and many questions do.
@lru_cache(maxsize=1 << 16)
def normalize(text: str) -> str:
    """A text's normal form; two texts with one form count as the same. Idempotent.

    A text of nothing but articles or punctuation keeps its case-folded self.
    """
    if text.isascii():
        # Of plain words only articles can go: a tenth of the time of what follows.
        words = text.casefold().rstrip(" .?!").split()
        plain = " ".join([word for word in words if word not in ARTICLE_WORDS])
        if plain and "".join(words).isalnum():
            return plain
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    previous, current = folded, _strip(folded)
    while current != previous:
        previous, current = current, _strip(current)
    return current or folded


def _strip(text: str) -> str:
    text = THOUSANDS.sub("", text)
    text = PUNCTUATION.sub(" ", text)
    return " ".join(ARTICLES.sub(" ", text).split())
