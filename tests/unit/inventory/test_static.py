"""An exported inventory says what was listed; users' text in it is no template."""

from stix.inventory.static import plain, static_inventory
from stix.model.connection import PASSWORD_EXPRESSION
from tests.unit.inventory.test_templates import _Loader

LISTED = {
    "_meta": {
        "hostvars": {
            "dev-0": {"stix_user": {"__ansible_unsafe": "{{ ann }}"}, "ansible_password": PASSWORD_EXPRESSION, "n": [1]}
        }
    },
    "all": {"children": ["ungrouped", "dev"]},
    "dev": {"children": ["dev_heads"]},
    "dev_heads": {"hosts": ["dev-0"]},
}


def test_hosts_groups_and_variables() -> None:
    import yaml

    text = static_inventory(plain(LISTED))
    assert yaml.load(text, _Loader)["all"] == {
        "hosts": {"dev-0": {"stix_user": "{{ ann }}", "ansible_password": PASSWORD_EXPRESSION, "n": [1]}},
        "children": {"dev": {"children": {"dev_heads": {}}}, "dev_heads": {"hosts": {"dev-0": {}}}},
    }
    assert "stix_user: !unsafe" in text and "ansible_password: !unsafe" not in text
