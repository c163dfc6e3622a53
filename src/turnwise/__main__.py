"""`python -m turnwise` does what `turnwise` does."""

from turnwise.cli import main

if __name__ == "__main__":
    main()
