"""Vision-language training data, from raw datasets to shards."""
