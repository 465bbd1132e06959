"""From a build's samples to the batches of one process."""
