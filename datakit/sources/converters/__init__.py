"""One file a release layout, found by its name."""
