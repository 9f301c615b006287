"""What a task's attributes give: dictionaries that refuse changes, which would be lost."""

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import yaml

from stix.errors import UsageError

K = TypeVar("K")
V = TypeVar("V")


class Kept(dict[K, V]):
    """A copy of what a task has. To change the task, call its methods; to have a dictionary, `dict(...)`."""

    def __init__(self, held: Mapping[K, V], method: str) -> None:
        super().__init__(held)
        self._method = method

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UsageError("usage", "this is a copy; changing it would not change the task", hint=f"call {self._method}")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


# A copy is written as the dictionary that it is, where SkyPilot's callers put one into YAML.
for representer in (yaml.representer.SafeRepresenter, yaml.representer.Representer):
    representer.add_multi_representer(Kept, representer.represent_dict)


class KeptSecrets(Kept[str, str]):
    """Secret variables, which print without their values."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(f'{name}=***' for name in self)})"

    __str__ = __repr__
