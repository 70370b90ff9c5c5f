"""`make spread-check`: work over many institutions on a cluster, equal to one process."""
