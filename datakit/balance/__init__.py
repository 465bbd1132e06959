"""How much of each source is used: pure functions on counts and hashes."""

from datakit.balance.allocate import Claim, allocate, apportion, largest_total
from datakit.balance.draw import draw, draw_times
from datakit.balance.holdout import held_out, place, size_place, unit_number
from datakit.balance.strategy import Supply, claims

__all__ = [
    "Claim",
    "Supply",
    "allocate",
    "apportion",
    "claims",
    "draw",
    "draw_times",
    "held_out",
    "largest_total",
    "place",
    "size_place",
    "unit_number",
]
