"""Does a model learn, and by seeing? Demo charts through the real build, loader and trainer."""
