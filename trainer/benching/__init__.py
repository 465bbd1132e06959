"""Steps to measure, not to learn from: `trainer bench`, and what `trainer check` runs."""
