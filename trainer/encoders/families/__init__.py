"""Libraries that encoders come from: a file each, found by its name in a preset's `family`."""
