"""From a checkpoint to a folder for others, also for those who do not have this package."""
