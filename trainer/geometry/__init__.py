"""Ways from an image of any shape to square views of it: a file each, found by its name."""
