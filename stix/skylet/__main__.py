"""`python -m skylet`, and what the archive and the unpacked library start."""

from .cli import main

main()
