"""`python -m tamis`: the command line, where its script is not on the path."""

from tamis.cli import main

if __name__ == "__main__":
    main()
