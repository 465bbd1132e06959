"""Training: what trains, the engine, the loop and what it leaves behind."""
