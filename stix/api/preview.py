"""The SDK's look at what a launch would change, by its own plays in check mode."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stix.model.event import Listener
    from stix.model.plan import LaunchPlan


def rehearse(plan: "LaunchPlan", *, no_setup: bool = False, on_event: "Listener | None" = None) -> dict[str, Any]:
    """What carrying out a plan would change now; nothing is changed or recorded.

    Args:
        plan: of `stix.preview`.
        no_setup: the launch is to leave the task's setup out.

    Returns:
        `{changes, not_previewable}`: of each change `step` (the playbook), `host`, `task`, `action` and `diff`, a list
        of `{before, after, before_header, ...}`; of what cannot be said now `step`, `host` and `why`.

    Raises:
        StixError: what the launch would end with before it comes to the nodes, also of a plan that is refused.
    """
    from stix.driver.preview import preview
    from stix.driver.session import World
    from stix.errors import from_record

    if plan.refused:
        raise from_record(plan.refused)
    return preview(World(listener=on_event), plan, no_setup=no_setup).to_dict(plan.task.hidden_values)
