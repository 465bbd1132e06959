"""Steps for measuring, not for learning: `trainer bench`, and the longest step of `trainer check`."""
