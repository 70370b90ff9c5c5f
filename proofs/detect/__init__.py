"""`make bench-detect`: how much waste is found, and how often nothing was wrong."""
