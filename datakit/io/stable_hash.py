"""Hashes and choices that are the same on every machine, in every process, for ever."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct

EIGHT = Struct(">8Q")


def stable_hash(*parts: str | int) -> int:
    """A 64-bit hash of the parts, of their order and of where one ends and the next begins."""
    return int.from_bytes(blake2b(_joined(parts), digest_size=8).digest(), "big")


def stable_hashes(*parts: str | int) -> tuple[int, ...]:
    """Eight independent 64-bit hashes of the parts, for little more than the price of one."""
    return EIGHT.unpack(blake2b(_joined(parts), digest_size=64).digest())


def _joined(parts: tuple[str | int, ...]) -> bytes:
    joined = "".join([f"{len(text)}\x1f{text}" for text in map(str, parts)])
    if joined.isascii():
        return joined.encode()  # twice as fast, and the same: a character is a byte
    texts = [str(part).encode("utf-8", "surrogatepass") for part in parts]
    return b"".join([b"%d\x1f%b" % (len(text), text) for text in texts])


def stable_order(count: int, *parts: str | int) -> list[int]:
    """An order of `count` things, each as likely as any other, drawn by the hash of the parts."""
    seed = stable_hash(*parts)
    return sorted(range(count), key=lambda index: stable_hash(seed, index))


def stable_share(*parts: str | int) -> float:
    """A number in [0, 1), drawn evenly by the hash of the parts."""
    return stable_hash(*parts) / 2**64
