"""Randomness of the demo: a generator made from the seed and what it is for."""

from __future__ import annotations

import random

import numpy as np

from datakit.io.stable_hash import stable_hash


def chooser(seed: int, *purpose: str | int) -> random.Random:
    """A generator of choices that depends on nothing but its arguments."""
    return random.Random(stable_hash(seed, *purpose))


def noise(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator of arrays that depends on nothing but its arguments."""
    return np.random.default_rng(stable_hash(seed, *purpose))
