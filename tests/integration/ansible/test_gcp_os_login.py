"""OS Login of Compute Engine: whose key it gets, who logs in then, and what a policy that demands it is told as."""

import pytest

# ruff: noqa: F811 - fixtures are named again where they are used
from tests.integration.ansible.gcp_clusters import (  # noqa: F401 - fixtures come by their names
    KEY,
    Failure,
    api,
    created,
    gcp,
    gcp_os_login,
    machines,
    project,
    refused,
    wanted,
)
from tests.lab.gcp import lab


def test_os_login_gets_the_key_and_says_who_logs_in(gcp: lab.GcpLab) -> None:
    ann = gcp_os_login.settings(api(gcp), {"os_login": True}, "", KEY)
    assert ann["ssh_user"] == "ann_b_lab_example"
    assert gcp_os_login.settings(api(gcp), {"os_login": "me@x.org"}, "", KEY)["ssh_user"] == "me_x_org"
    config = gcp_os_login.settings(api(gcp), {"os_login": True}, "stix@lab-project.iam.gserviceaccount.com", KEY)
    assert config["ssh_user"] == "sa_117" and gcp_os_login.settings(api(gcp), {}, "", KEY) == {}
    [call] = [call for call in gcp.calls() if call["name" if "name" in call else "action"].startswith("stix@")]
    assert call["body"] == {"key": KEY}
    machines(gcp, wanted(1), config=config).ensure(False)
    items = {item["key"]: item["value"] for item in created(gcp)["instanceProperties"]["metadata"]["items"]}
    assert items["enable-oslogin"] == "TRUE"
    assert machines(gcp).instances()[0]["connection"]["ansible_user"] == "sa_117"
    gcp.refuse({"action": "importSshPublicKey", "code": "PERMISSION_DENIED", "message": "no"})
    with pytest.raises(Failure) as caught:
        gcp_os_login.settings(api(gcp), {"os_login": True}, "", KEY)
    assert caught.value.code == "provision.permission"


def test_a_policy_that_demands_os_login_is_told_with_what_to_do(gcp: lab.GcpLab) -> None:
    words = "Constraint constraints/compute.requireOsLogin violated for project 7."
    gcp.refuse({"action": "instances.bulkInsert", "code": "conditionNotMet", "status": 412, "message": words})
    failure = refused(gcp, wanted(1))
    assert (failure.code, failure.hint) == ("provision.config", "Set config gcp.os_login: true")
