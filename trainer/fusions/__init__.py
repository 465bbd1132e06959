"""Ways to join the grids of several encoders into one: a file each, found by its name."""
