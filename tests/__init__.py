"""A package of its own name, whatever else calls itself `tests` among the installed ones."""
