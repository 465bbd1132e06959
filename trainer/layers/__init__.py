"""Layers that several fusions and projectors are made of."""
