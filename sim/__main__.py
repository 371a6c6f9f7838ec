"""`python -m sim` is `hapsim`."""

from sim.cli import main

if __name__ == "__main__":
    main()
