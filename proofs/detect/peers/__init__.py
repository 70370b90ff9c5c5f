"""Other ways to find waste, written from the literature: what ours are compared with."""
