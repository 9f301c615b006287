"""`python -m stix` is the `stix` command."""

from stix.cli.start import main

if __name__ == "__main__":
    main()
