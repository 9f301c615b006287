"""What git says when it fails."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.git_workdir import explained


def test_gits_reason_is_told_without_the_password_of_an_address():
    said = "warning: x\nfatal: unable to access 'https://ann:tok3n@git.example.org/r/': no route\nfatal: x"
    failure = explained(Failure("sync.source", "It cannot be read"), said)
    assert failure.message == "It cannot be read: unable to access 'https://git.example.org/r/': no route"


def test_other_failures_stay_as_they_are():
    assert explained(Failure("setup.python", "No Python"), "fatal: x").message == "No Python"
