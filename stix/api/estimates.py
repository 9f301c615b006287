"""What a task reads and leaves behind, and how long it takes: what `stix.optimize` asks."""

from collections.abc import Callable
from typing import Self

from stix.api.mounts import Held
from stix.api.resources import Resources
from stix.clouds.objects import AWS, GCP, IBM, Cloud
from stix.errors import UsageError

Estimator = Callable[[Resources], float]

_INPUT_CLOUDS = {"s3": AWS, "gs": GCP, "cos": IBM}


class Estimates(Held):
    """The part of `stix.Task` that is about data and time."""

    _time_estimator: Estimator | None

    def set_inputs(self, inputs: str, estimated_size_gigabytes: float) -> Self:
        """Say what it reads first, and how much, for the cost of moving it."""
        return self._change(inputs={inputs: estimated_size_gigabytes})

    def set_outputs(self, outputs: str, estimated_size_gigabytes: float) -> Self:
        """Say what it leaves behind, and how much."""
        return self._change(outputs={outputs: estimated_size_gigabytes})

    @property
    def inputs(self) -> str | None:
        """The address of what it reads first."""
        return self._model.inputs[0] if self._model.inputs else None

    @property
    def outputs(self) -> str | None:
        """The address of what it leaves behind."""
        return self._model.outputs[0] if self._model.outputs else None

    def get_inputs(self) -> str | None:
        """As `inputs`."""
        return self.inputs

    def get_outputs(self) -> str | None:
        """As `outputs`."""
        return self.outputs

    def get_estimated_inputs_size_gigabytes(self) -> float | None:
        """GiB that it reads first."""
        return self._model.inputs[1] if self._model.inputs else None

    def get_estimated_outputs_size_gigabytes(self) -> float | None:
        """GiB that it leaves behind."""
        return self._model.outputs[1] if self._model.outputs else None

    def get_inputs_cloud(self) -> Cloud:
        """The cloud that holds what it reads first.

        Raises:
            UsageError: `usage`, the address names none.
        """
        scheme = (self.inputs or "").partition(":")[0]
        if scheme not in _INPUT_CLOUDS:
            raise UsageError("usage", f"the inputs {self.inputs!r} are not in a cloud's bucket")
        return _INPUT_CLOUDS[scheme]()

    def set_time_estimator(self, func: Estimator) -> Self:
        """Say how many seconds it takes on given resources; `stix.optimize` asks."""
        self._time_estimator = func
        return self

    @property
    def has_time_estimator(self) -> bool:
        """Whether somebody said how to tell how long it takes."""
        return self._time_estimator is not None

    def estimate_runtime(self, resources: Resources) -> float:
        """Seconds that it takes on given resources.

        Raises:
            UsageError: `usage`, nobody said how to tell.
        """
        if self._time_estimator is None:
            raise UsageError("usage", f"{self!r} has no time estimator", hint="call set_time_estimator first")
        return self._time_estimator(resources)
