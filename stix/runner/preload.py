"""What every play loads of Ansible, loaded once in the warm process: that halves what a play costs.

Only Ansible's own, which does not change while a process lives; the collection stix.core is read anew by each play.
"""

import warnings
from collections import deque


def preload() -> None:
    """Import Ansible's parts and read its plugins; the environment must hold the settings of the plays to come."""
    import ansible.cli.playbook
    import ansible.executor.playbook_executor
    import ansible.executor.task_executor
    import ansible.inventory.manager
    import ansible.plugins.strategy.linear
    import ansible.template
    import ansible.vars.manager  # noqa: F401

    try:
        _load_plugins()
    except Exception:  # it saves time and nothing else; the play will say what is wrong
        return


def _load_plugins() -> None:
    from ansible.plugins import loader

    loader.init_plugin_loader()
    # Each play sets it up again, and Ansible says so.
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    import ansible_collections.ansible.builtin  # noqa: F401  (its table of plugins is 370 kB of YAML)

    for kind, names in (
        (loader.inventory_loader, ("yaml",)),
        (loader.connection_loader, ("ssh", "local")),
        (loader.shell_loader, ("sh",)),
        (loader.cache_loader, ("memory",)),
        (loader.strategy_loader, ("linear",)),
        (loader.action_loader, ("validate_argument_spec",)),
        # Not all of them: the runner's own acts when it is imported.
        (loader.callback_loader, ("default", "junit", "minimal", "oneline", "tree")),
    ):
        for name in names:
            kind.get(f"ansible.builtin.{name}", class_only=True)
    for kind in (loader.connection_loader, loader.shell_loader, loader.become_loader):
        deque(kind.all(class_only=True), maxlen=0)
