"""Hooks of a cluster as a launch and `stix autostop` leave them."""

from stix.driver.hooks import hooks_of, with_autostop_hook
from stix.spec.load import from_config


def test_a_hook_of_autostop_gets_the_envs_of_the_others() -> None:
    hooks = [{"run": "./save.sh", "events": ["stop", "down"]}, {"run": "./old.sh", "events": ["down"]}]
    kept = hooks_of(from_config({"run": "ls", "envs": {"A": "1"}, "config": {"hooks": hooks}}))
    first, second = with_autostop_hook(kept, "./new.sh", 5, down=True)
    assert first == kept[0]
    assert second == {"run": "./new.sh", "events": ["down"], "timeout": 5, "envs": {"A": "1"}}
    assert with_autostop_hook([second], "./last.sh", None, down=True)[0]["envs"] == {"A": "1"}
    assert with_autostop_hook(kept, "", None, down=True) == [first]
    assert "envs" not in with_autostop_hook([], "ls", None, down=False)[0]
