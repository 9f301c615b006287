"""The deadline that things of a cluster carry for sweepers without a record."""

SLACK = 300
"""Seconds by which it may differ: a cluster's time begins anew once it is ready, and a sweeper waits as long, too."""


def kept_deadline(have, want):
    """The deadline to be written: the one that is there, where it is near enough; both are texts, empty is none."""
    near = have.isdigit() and want.isdigit() and abs(int(have) - int(want)) <= SLACK
    return have if near else want
