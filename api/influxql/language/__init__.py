"""Text to an allow-listed tree: what a statement says, not yet what there is to answer it."""
