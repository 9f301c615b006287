"""The infrastructures that stix knows: a folder with facts for each, and each as an object, `stix.clouds.AWS()`."""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stix.clouds.objects import *  # noqa: F403


def __getattr__(name: str) -> object:
    """The classes of `stix.clouds.objects`, which is imported when one is asked for."""
    if name[:1].isupper():
        objects = import_module("stix.clouds.objects")
        if name in objects.__all__:
            found: object = getattr(objects, name)
            return found
    raise AttributeError(f"module 'stix.clouds' has no attribute {name!r}")
