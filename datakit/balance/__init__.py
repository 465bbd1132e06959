"""How much of each source is used: pure functions on counts and hashes."""

from datakit.balance.draw import draw

__all__ = ["draw"]
