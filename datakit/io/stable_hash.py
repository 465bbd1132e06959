"""Hashes and choices that are the same on every machine, in every process, for ever."""

from __future__ import annotations

from hashlib import blake2b

SEPARATOR = b"\x1f"


def stable_hash(*parts: str | int) -> int:
    """A 64-bit hash of the parts, of their order and of where one ends and the next begins."""
    digest = blake2b(digest_size=8)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d" % len(data) + SEPARATOR + data)
    return int.from_bytes(digest.digest(), "big")


def stable_choice(count: int, *parts: str | int) -> int:
    """An index below `count`, drawn evenly by the hash of (seed, what it is for, key, ...)."""
    return stable_hash(*parts) % count
