"""`python -m proofs NAME` runs one proof."""

from proofs.commands import main

if __name__ == "__main__":
    main()
