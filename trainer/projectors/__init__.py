"""Ways from visual features to the language model's tokens: a file each, found by its name."""
