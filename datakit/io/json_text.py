"""JSON text of any size, parsed a value at a time."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any

import orjson

BLOCK_BYTES = 1 << 17
LONGEST_LITERAL = len("-Infinity")
TOO_DEEP = "a value inside a value inside a value, too deep to be read"
WHITE_SPACE = " \t\n\r"
PAST_SPACE = re.compile(f"[{WHITE_SPACE}]*")
# Half of a surrogate pair without the other; escaped backslashes and whole pairs are passed over.
HALF_PAIR = re.compile(
    r"\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][\da-fA-F]{2})"
)
BEGINNING = re.compile(rf'[{WHITE_SPACE}]*,[{WHITE_SPACE}]*{{[{WHITE_SPACE}]*"[^"\\]*"')
# The faster parser makes a float of an integer that may have so many digits.
LONG_NUMBER = b"0" * 19
DIGITS = bytes.maketrans(b"123456789", b"000000000")
# Python's own parser tells where a value ends, and takes NaN and integers of any size.
PARSE = JSONDecoder().raw_decode


class BrokenJson(Exception):
    """What stands in a file is not JSON.

    Attributes:
        at_byte: where, from the start of the file.
        cut_off: whether the file ends there, inside a value.
    """

    def __init__(self, found: str, at_byte: int, *, cut_off: bool) -> None:
        super().__init__(found)
        self.at_byte = at_byte
        self.cut_off = cut_off


class JsonText:
    """Takes values one after another from UTF-8; holds a block, or the value if it is longer.

    Half of a surrogate pair, which cannot be written again, becomes U+FFFD. Every method raises
    `BrokenJson` where something else stands than it expects.

    Args:
        read: as a file's `read`.
        start_byte: how much of the file was read before.
    """

    def __init__(self, read: Callable[[int], bytes], start_byte: int = 0) -> None:
        self._read = read
        self._decoder = getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._text_byte = start_byte
        self._may_have_halves = False
        self._is_new = False

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._at = PAST_SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def take(self, wanted: str) -> str:
        """The next character, which must be one of `wanted`."""
        found = self.peek()
        if not found or found not in wanted:
            raise self._broken(f"expected {' or '.join(wanted)}", self._at, cut_off=not found)
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value."""
        self.peek()
        value, end = self._parse()
        # What ends with the block may be the first part of a number, such as 1 of 1e+5.
        while end + LONGEST_LITERAL > len(self._text) and self._read_on():
            value, end = self._parse()
        if self._may_have_halves:
            value, _ = PARSE(without_halves(self._text[self._at : end]))
        self._at = end
        return value

    def items(self) -> Iterator[Any]:
        """The items of the list that begins here."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            yield from self._alike()
            if self.take(",]") == "]":
                return

    def keys(self) -> Iterator[str]:
        """The keys of the object that begins here; take each one's value before the next."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"')
            key = self.value()
            self.take(":")
            yield key
            if self.take(",}") == "}":
                return

    def skip(self) -> None:
        """Passes over the next value, of which no more than an item is held."""
        first = self.peek()
        if first == "[":
            for _ in self.items():
                pass
        elif first == "{":
            for _ in self.keys():
                self.value()
        else:
            self.value()

    def end(self) -> None:
        """Requires that nothing follows."""
        if self.peek():
            raise self._broken("expected the end of the file", self._at)

    def _alike(self) -> list[Any]:
        """The objects that follow in this block, by a faster parser; none where it cannot.

        The text is cut where the next item's beginning, such as `}, {"question"`, stands last. If
        that parses, the cut was between two items, not in a text or in an inner list.
        """
        beginning = BEGINNING.match(self._text, self._at)
        if not self._is_new or not beginning or self._text[self._at - 1] != "}":
            return []
        self._is_new = False
        end = 1 + self._text.rfind("}" + beginning[0], self._at - 1)
        objects = b"[0%b]" % self._text[self._at : end].encode()
        if LONG_NUMBER in objects.translate(DIGITS):
            return []
        try:
            found: list[Any] = orjson.loads(objects)
        except orjson.JSONDecodeError:
            return []
        self._at = end
        return found[1:]

    def _parse(self) -> tuple[Any, int]:
        while True:
            try:
                return PARSE(self._text, self._at)
            except JSONDecodeError as error:
                cut_off = error.pos >= len(self._text) or error.msg.startswith("Unterminated")
                near_end = error.pos + LONGEST_LITERAL > len(self._text)
                # Twice as much each time, so that a long value is not parsed too often.
                if not (cut_off or near_end) or not self._read_on(len(self._text)):
                    raise self._broken(error.msg, error.pos, cut_off=cut_off) from None
            except RecursionError:
                raise self._broken(TOO_DEEP, self._at) from None
            except ValueError as error:
                raise self._broken(str(error), self._at) from None

    def _read_on(self, size_bytes: int = 0) -> bool:
        """Drops what was taken and reads a block, or more; where there is none, does nothing."""
        data = self._read(max(size_bytes, BLOCK_BYTES))
        try:
            more = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            at_byte = self._text_byte + len(self._text.encode()) + error.start
            raise BrokenJson(f"not UTF-8: {error.reason}", at_byte, cut_off=not data) from None
        if not data:
            return False
        self._text_byte += len(self._text[: self._at].encode())
        self._text, self._at = self._text[self._at :] + more, 0
        self._is_new = True
        self._may_have_halves = "\\ud" in self._text or "\\uD" in self._text
        return True

    def _broken(self, found: str, at: int, *, cut_off: bool = False) -> BrokenJson:
        at_byte = self._text_byte + len(self._text[:at].encode())
        return BrokenJson(found, at_byte, cut_off=cut_off)


def parse_json(data: bytes) -> Any:
    """One whole JSON text, as lenient as `JsonText`.

    Raises:
        ValueError: it is not JSON, or too deep.
    """
    if LONG_NUMBER not in data.translate(DIGITS):  # orjson would make a float of it
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return _parse_leniently(data)
    return _parse_leniently(data)


def _parse_leniently(data: bytes) -> Any:
    text = without_halves(data.decode().strip(WHITE_SPACE))
    try:
        value, end = PARSE(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if end < len(text):
        raise ValueError("more than one value") from None
    return value


def without_halves(text: str) -> str:
    """JSON with U+FFFD for each half of a surrogate pair."""
    return HALF_PAIR.sub(lambda m: r"\ufffd" if m["half"] else m[0], text)
