"""How many random one-line changes of a package its own tests notice."""
