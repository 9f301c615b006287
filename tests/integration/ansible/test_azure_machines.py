"""What the module azure_machines does with Azure, call by call: its code in this process, the lab's subscription."""

import threading
from collections import Counter

import pytest

# ruff: noqa: F811 - fixtures are named again where they are used
from tests.integration.ansible import disks
from tests.integration.ansible.azure_clusters import (  # noqa: F401 - fixtures come by their names
    NO_ROOM,
    PARAMS,
    AzureVolumes,
    Failure,
    arm,
    azure,
    azure_account,
    azure_survey,
    counts,
    machines,
    refused,
    sent,
    subscription,
    wanted,
    writes,
)
from tests.lab.azure.cloud import SUBSCRIPTION
from tests.lab.azure.lab import AzureLab


def test_a_cluster_lives_from_nothing_to_nothing(azure: AzureLab) -> None:
    nodes = wanted(3, labels={"größe": "groß", "a/b": "c"}, disk_size=64, disk_tier="medium")
    config = {"labels": {"team": "x"}, "managed_identity": "system", "custom_data": "#!/bin/sh\n"}
    assert machines(nodes, config=config).ensure(True) and azure.groups() == [], "check mode makes nothing"
    azure.calls(forget=True)
    cluster = machines(nodes, config=config, deadline=2000000000)
    assert cluster.ensure(False)
    [one, *_] = sent(azure, "PUT virtualMachines")
    assert one["tags"].items() >= {
        "stix-cluster": "demo", "stix-cluster-id": "demo-1", "stix-user": "ann", "stix-run": "run-1", "team": "x",
        "stix-deadline": "2000000000", "größe": "groß", "a_b": "c", "stix-on-shutdown": "stop",
    }.items()  # fmt: skip
    assert one["identity"] == {"type": "SystemAssigned"} and one["properties"]["osProfile"]["customData"]
    disk = one["properties"]["storageProfile"]["osDisk"]
    assert (disk["diskSizeGB"], disk["managedDisk"]["storageAccountType"]) == (64, "StandardSSD_LRS")
    made = counts(azure)
    assert made["PUT virtualMachines"] == made["PUT networkInterfaces"] == made["PUT publicIPAddresses"] == 3
    assert made["PUT resourceGroups"] == made["PUT virtualNetworks"] == made["PUT networkSecurityGroups"] == 1
    instances = cluster.instances()
    assert [(one["name"], one["rank"], one["state"]) for one in instances] == [
        (f"demo-{r}", r, "running") for r in range(3)
    ]
    assert len({one["connection"]["ansible_host"] for one in instances}) == 3
    assert instances[0]["details"]["account"] == SUBSCRIPTION
    assert instances[0]["connection"]["skylet_stop_command"][3] == "deallocate"
    assert all(one["tags"]["stix-cluster-id"] == "demo-1" for one in azure.resources())

    assert not machines(nodes, config=config, deadline=2000000000).ensure(False) and writes(azure) == []
    assert machines(nodes, config=config, deadline=2100000000).ensure(False), "a new deadline is written down"
    assert writes(azure) == ["PATCH tags"]
    assert {vm["tags"]["stix-deadline"] for vm in azure.machines()} == {"2100000000"}

    assert machines().stop(False) and set(azure.power().values()) == {"deallocated"}
    assert not machines().stop(False)
    before = {vm["id"] for vm in azure.machines()}
    assert machines(nodes, deadline=2100000000).ensure(False) and {vm["id"] for vm in azure.machines()} == before
    assert set(azure.power().values()) == {"running"}

    assert machines().remove(True) and len(azure.machines()) == 3
    assert machines().remove(False) and azure.groups() == [] and azure.resources() == []
    assert not machines().remove(False) and machines().instances() == []


def test_a_machine_that_shut_itself_down_still_costs_and_stop_ends_that(azure: AzureLab) -> None:
    cluster = machines(wanted())
    cluster.ensure(False)
    cluster.api.post(cluster.vms[0]["id"] + "/powerOff")
    [seen] = machines().instances()
    assert seen["state"] == "stopped" and "still bills" in seen["details"]["reason"]
    assert machines().stop(False) and azure.power() == {"demo-1-0": "deallocated"}
    [seen] = machines().instances()
    assert seen["state"] == "stopped" and "reason" not in seen["details"]


def test_spot_machines_that_are_taken_back_are_seen_and_replaced(azure: AzureLab) -> None:
    nodes = wanted(2, use_spot=True)
    machines(nodes, config={"spot_eviction": "Deallocate"}).ensure(False)
    about = sent(azure, "PUT virtualMachines")[0]["properties"]
    assert (about["priority"], about["evictionPolicy"], about["billingProfile"]) == (
        "Spot",
        "Deallocate",
        {"maxPrice": -1},
    )
    assert azure.preempt("demo-1-1")
    assert [one["state"] for one in machines().instances()] == ["running", "stopped"]
    assert "spot" in machines().instances()[1]["details"]["reason"]
    assert machines(nodes).ensure(False) and set(azure.power().values()) == {"running"}
    machines().remove(False)
    machines(nodes).ensure(False)
    assert azure.preempt("demo-1-0") and [one["rank"] for one in machines().instances()] == [1]
    assert machines(nodes).ensure(False) and sorted(azure.power()) == ["demo-1-0", "demo-1-1"]


def test_zones_are_tried_in_order_and_none_is_asked_that_is_not_offered(azure: AzureLab) -> None:
    azure.refuse(NO_ROOM | {"zone": "2", "late": True})
    cluster = machines(wanted(2), zones=["3", "2", "eastus-1"])
    cluster.ensure(False)
    assert {one["details"]["zone"] for one in cluster.instances()} == {"1"}
    tried = [(each["zone"], each["code"]) for each in cluster.attempts]
    assert tried == [("3", "provision.no_capacity"), ("2", "provision.no_capacity")]
    assert Counter(call["zone"] for call in azure.calls() if call["action"] == "PUT virtualMachines") == {
        "2": 2,
        "1": 2,
    }
    more = machines(wanted(3), zones=["2"])
    more.ensure(False)
    assert {one["details"]["zone"] for one in more.instances()} == {"1"}, (
        "a node that is added goes where the others are"
    )


def test_no_zone_has_room_and_nothing_is_left(azure: AzureLab) -> None:
    azure.refuse(NO_ROOM)
    failure = refused(wanted(2, ports=["8080"]), zones=["1", "2"])
    assert (failure.code, failure.details["scope"]) == ("provision.no_capacity", "region")
    assert "2 x Standard_D2s_v5" in failure.message and len(failure.details["attempts"]) == 2
    assert azure.groups() == [] and azure.resources() == []
    only = refused(wanted(), zones=["1"])
    assert (only.details["scope"], only.details["zone"]) == ("zone", "1")


def test_one_of_three_that_fails_takes_the_others_along(azure: AzureLab) -> None:
    azure.refuse(NO_ROOM | {"code": "AllocationFailed", "name": "demo-1-1", "late": True})
    assert refused(wanted(3)).code == "provision.no_capacity" and azure.resources() == []
    azure.refuse_nothing()
    machines(wanted(1)).ensure(False)
    azure.refuse(NO_ROOM | {"code": "AllocationFailed", "name": "demo-1-2", "late": True})
    refused(wanted(3))
    assert list(azure.power()) == ["demo-1-0"], "what was there before stays"
    assert (
        len(
            [one for one in azure.resources() if "networkInterfaces" in one["type"].replace("interfaces", "Interfaces")]
        )
        == 1
    )


def test_what_nobody_knows_removes_nothing_and_the_next_run_repairs(azure: AzureLab) -> None:
    azure.refuse(
        {"action": "PUT virtualMachines", "name": "demo-1-1", "code": "Odd", "message": "?", "late": True, "times": 1}
    )
    assert refused(wanted(2)).code == "provision.unknown" and len(azure.machines()) == 2
    seen = machines().instances()
    assert [one["state"] for one in seen] == ["running", "pending"] and "could not be made" in seen[1]["details"][
        "reason"
    ]
    cluster = machines(wanted(2))
    assert cluster.ensure(False) and [one["state"] for one in cluster.instances()] == ["running"] * 2
    assert seen[0]["connection"] == cluster.instances()[0]["connection"], "the one that ran still does"


@pytest.mark.parametrize(
    ("action", "provider", "message", "code", "scope"),
    [
        ("PUT virtualMachines", "OperationNotAllowed", "exceeding approved quota", "quota", "region"),
        ("PUT virtualMachines", "AuthorizationFailed", "no", "permission", "cloud"),
        ("PUT publicIPAddresses", "PublicIPCountLimitReached", "Cannot create more than 10", "quota", "region"),
        ("PUT virtualMachines", "MarketplacePurchaseEligibilityFailed", "no", "config", "type"),
        ("PUT resourceGroups", "LocationNotAvailableForResourceGroup", "no", "config", "region"),
        ("token", "invalid_client", "AADSTS7000222: expired", "auth", "cloud"),
        ("GET *", "ExpiredAuthenticationToken", "no", "auth", "cloud"),
    ],
)
def test_a_refusal_is_an_error_with_what_it_rules_out(
    azure: AzureLab, action: str, provider: str, message: str, code: str, scope: str
) -> None:
    status = 401 if code == "auth" else 400
    azure.refuse({"action": action, "code": provider, "message": message, "status": status})
    failure = refused(wanted(2))
    assert (failure.code, failure.details["scope"]) == (f"provision.{code}", scope)
    azure.refuse_nothing()
    assert azure.groups() == []


def test_what_passes_is_tried_again(azure: AzureLab) -> None:
    azure.refuse(
        {"action": "PUT virtualMachines", "code": "TooManyRequests", "status": 429, "times": 1},
        {"action": "GET resourceGroups", "code": "InternalServerError", "status": 500, "times": 1},
        {"action": "GET virtualMachines", "code": "ExpiredAuthenticationToken", "status": 401, "times": 1},
    )
    assert machines(wanted()).ensure(False) and counts(azure)["token"] == 2


def test_quota_and_offer_are_asked_before_anything_is_made(azure: AzureLab) -> None:
    quota = refused(wanted(3), "westus")
    assert quota.code == "provision.quota" and "0 of 4" in quota.message and quota.details["region"] == "westus"
    assert refused(wanted(1, instance_type="Standard_NC4as_T4_v3"), "westeurope").code == "provision.no_capacity"
    assert "no instance type" in refused(wanted(1, instance_type="Standard_Z1")).message
    slow = wanted(1, network_tier="best", instance_type="Standard_B2s")
    assert refused(slow).code == "provision.unsupported"
    assert refused(wanted(1, image_id="vendor:nothing:x:latest")).code == "provision.config"
    assert writes(azure) == []
    machines(wanted(1, image_id={"eastus": "vendor:appliance:pro:latest"})).ensure(False)
    assert sent(azure, "PUT virtualMachines")[0]["plan"]["name"] == "pro"
    azure.refuse({"action": "GET skus", "code": "AuthorizationFailed", "status": 403})
    azure.refuse({"action": "GET usages", "code": "AuthorizationFailed", "status": 403})
    assert machines(wanted(2)).ensure(False), "who may not ask is told by the create"


def test_ports_are_opened_changed_and_closed_and_other_rules_stay(azure: AzureLab) -> None:
    machines(wanted(1, ports=["8080"])).ensure(False)
    firewall = "/resourceGroups/stix-demo-1/providers/Microsoft.Network/networkSecurityGroups/stix"

    def rules() -> dict[str, list[str]]:
        found = azure.ask(firewall)["properties"]["securityRules"]
        return {one["name"]: one["properties"].get("destinationPortRanges") for one in found}

    assert rules() == {"ssh": ["22"], "stix-ports": ["8080"]}
    azure.ask(firewall + "/securityRules/mine", "PUT", {"properties": {"destinationPortRanges": ["443"]}})
    azure.calls(forget=True)
    assert machines(wanted(1, ports=["9000-9010", 80])).ensure(False) and writes(azure) == ["PUT securityRules"]
    assert rules() == {"ssh": ["22"], "mine": ["443"], "stix-ports": ["80", "9000-9010"]}
    assert not machines(wanted(1, ports=[80, "9000-9010"])).ensure(False)
    assert machines(wanted(1)).ensure(False) and "stix-ports" not in rules()
    assert refused(wanted(1, ports=[1]), config={"security_group_name": "ours"}).code == "provision.unsupported"


def test_nodes_that_are_not_wanted_any_more(azure: AzureLab) -> None:
    machines(wanted(3)).ensure(False)
    cluster = machines(wanted(2))
    assert not cluster.ensure(False) and len(cluster.instances()) == 3, "they are reported and stay"
    cluster = machines(wanted(2), remove_surplus=True)
    assert cluster.ensure(False) and [one["rank"] for one in cluster.instances()] == [0, 1]
    assert [one for one in azure.resources() if one["name"].startswith("demo-1-2")] == []
    assert len(azure.machines()) == 2


def test_in_a_group_and_a_network_of_others_only_ours_goes(azure: AzureLab) -> None:
    group = "/resourceGroups/shop"
    azure.ask(group, "PUT", {"location": "eastus"})
    network = group + "/providers/Microsoft.Network/virtualNetworks/wide"
    subnets = [
        {"name": name, "properties": {"addressPrefix": f"10.9.{number}.0/24"}} for number, name in enumerate("ab")
    ]
    azure.ask(network, "PUT", {"location": "eastus", "properties": {"subnets": subnets}})
    firewall = group + "/providers/Microsoft.Network/networkSecurityGroups/strict"
    azure.ask(firewall, "PUT", {"location": "eastus"})
    config = {
        "resource_group_vm": "shop", "vnet_name": "shop/wide", "subnet_name": "b", "use_internal_ips": True,
        "security_group_name": "strict", "ssh_user": "eve",
    }  # fmt: skip
    cluster = machines(wanted(2), config=config)
    cluster.ensure(False)
    [one, _] = cluster.instances()
    assert one["private_ip"].startswith("10.9.1.") and one["connection"]["ansible_host"] == one["private_ip"]
    assert one["connection"]["ansible_user"] == "eve" and not sent(azure, "PUT publicIPAddresses")
    assert not sent(azure, "PUT resourceGroups")[1:], "only the test made one"
    assert machines(config=config).remove(False)
    assert sorted(one["name"] for one in azure.resources()) == ["strict", "wide"] and azure.groups() == ["shop"]
    for wrong, word in (({"vnet_name": "none"}, "no network"), ({"resource_group_vm": "none"}, "no resource group")):
        assert word in refused(wanted(), config=wrong).message
    assert azure.groups() == ["shop"]


def test_a_group_that_holds_things_of_others_is_emptied_of_ours_only(azure: AzureLab) -> None:
    machines(wanted()).ensure(False)
    theirs = "/resourceGroups/stix-demo-1/providers/Microsoft.Network/publicIPAddresses/theirs"
    azure.ask(theirs, "PUT", {"location": "eastus", "properties": {}})
    assert machines().remove(False)
    assert [one["name"] for one in azure.resources()] == ["theirs"]
    assert not machines().remove(False) and azure_survey.survey(arm(), PARAMS) == []


def test_the_whole_subscription_by_a_fixed_number_of_calls(azure: AzureLab) -> None:
    machines(wanted(2)).ensure(False)
    machines(wanted(1), "westeurope", cluster_id="other-2", cluster="other", deadline=1).ensure(False)
    azure.calls(forget=True)
    things = azure_survey.survey(arm(), PARAMS)
    assert sum(counts(azure).values()) <= 7
    kinds = Counter(one["kind"] for one in things if one["cluster"] == "demo")
    assert kinds == {"machine": 2, "disk": 2, "nic": 2, "address": 2, "firewall": 1, "network": 1, "group": 1}
    [vm] = [one for one in things if one["cluster"] == "other" and one["kind"] == "machine"]
    assert (vm["region"], vm["state"], vm["deadline"], vm["user"], vm["run"]) == (
        "westeurope",
        "running",
        1,
        "ann",
        "run-1",
    )
    assert vm["created_at"] > 1700000000 and vm["instance"]["connection"]["ansible_host"].startswith("127.79.")
    only = azure_survey.survey(arm(), PARAMS | {"regions": ["westeurope"], "kinds": ["machine"]})
    assert [one["id"] for one in only] == [vm["id"]]

    listed = PARAMS | {"things": [one for one in things if one["cluster"] == "other"]}
    changed, left = azure_survey.sweep(arm(), listed, True)
    assert changed and len(left) == len(listed["things"])
    assert azure_survey.sweep(arm(), listed, False) == (True, []) and azure.groups() == ["stix-demo-1"]
    assert azure_survey.sweep(arm(), listed, False) == (False, [])
    one = next(one for one in things if one["kind"] == "machine" and one["cluster"] == "demo")
    azure_survey.sweep(arm(), PARAMS | {"things": [one]}, False)
    assert len(azure.machines()) == 1 and azure.groups() == ["stix-demo-1"]
    path = azure.machines()[0]["id"].partition(SUBSCRIPTION)[2]
    azure.ask(path, "PATCH", {"tags": {}})
    kept = {"kind": "machine", "id": azure.machines()[0]["id"]}
    assert azure_survey.sweep(arm(), PARAMS | {"things": [kept]}, False) == (False, []), "not ours any more"
    assert len(azure.machines()) == 1


def test_machines_that_exist_are_adopted(azure: AzureLab) -> None:
    machines(wanted(2), cluster_id="old-1", cluster="old").ensure(False)
    ids = [vm["id"] for vm in azure.machines()]
    wish = {"adopt": [{"id": one, "name": f"new-{rank}", "rank": rank} for rank, one in enumerate(ids)]}
    params = PARAMS | wish | {"cluster": "new", "cluster_id": "new-9"}
    with pytest.raises(Failure, match="belongs to the cluster old-1"):
        azure_survey.adopt(arm(), params, False)
    for one in ids:
        azure.ask("/" + one.split("/", 3)[3], "PATCH", {"tags": {}})
    changed, instances = azure_survey.adopt(arm(), params, False)
    assert changed and [(one["name"], one["id"], one["state"]) for one in instances] == [
        (f"new-{rank}", one, "running") for rank, one in enumerate(ids)
    ]
    assert not azure_survey.adopt(arm(), params, False)[0]
    assert [one["name"] for one in machines(cluster_id="new-9").instances()] == ["new-0", "new-1"]
    assert machines(cluster_id="old-1").instances() == []
    with pytest.raises(Failure, match="no machine"):
        azure_survey.adopt(arm(), params | {"adopt": [{"id": ids[0] + "x", "name": "a", "rank": 0}]}, False)
    assert machines(cluster_id="new-9").stop(False) and machines(cluster_id="new-9").remove(False)
    assert azure.machines() == []


def test_the_subscription_of_the_record_counts_and_another_is_refused(
    azure: AzureLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines(wanted()).ensure(False)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    with pytest.raises(Failure) as caught:
        machines()
    assert caught.value.code == "provision.auth", "nothing is taken to be gone"
    assert len(machines(account=SUBSCRIPTION).instances()) == 1
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID")
    assert arm().subscription == SUBSCRIPTION, "the only one that is to be seen"


def test_who_asks_and_what_may_not_be_done(azure: AzureLab, monkeypatch: pytest.MonkeyPatch) -> None:
    found = azure_account.look(arm())
    assert (found["account"], found["who"], found["missing"], found["unregistered"]) == (SUBSCRIPTION, "lab", [], [])
    monkeypatch.setenv("AZURE_CLIENT_ID", "reader")
    lacking = azure_account.look(arm())["missing"]
    assert "Microsoft.Compute/virtualMachines/write" in lacking
    assert "Microsoft.Compute/virtualMachines/read" not in lacking
    failure = refused(wanted())
    assert failure.code == "provision.permission" and failure.details["permission"].endswith("/write")


def test_two_clusters_at_once(azure: AzureLab) -> None:
    made: list[bool] = []
    jobs = [
        threading.Thread(target=lambda name=name: made.append(machines(wanted(2), cluster_id=name).ensure(False)))
        for name in ("one-1", "two-2")
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert made == [True, True] and len(azure.machines()) == 4
    assert machines(cluster_id="one-1").remove(False) and len(machines(cluster_id="two-2").instances()) == 2


def test_a_disk_is_made_attached_and_deleted(azure: AzureLab) -> None:
    def launch(cluster_id: str) -> None:
        node = {"name": cluster_id, "rank": 0, "instance_type": "Standard_D2s_v5"}
        machines([node], cluster_id=cluster_id).ensure(False)

    place = disks.Place(
        lambda params: AzureVolumes(arm(), params),
        launch,
        lambda cluster_id: machines(cluster_id=cluster_id).stop(False),
        "azure/eastus",
        "",
    )
    disks.saved(place, lambda: azure_survey.survey(arm(), PARAMS | {"kinds": ["snapshot"]}))
    disks.live(place, lambda disk: ["/dev/disk/azure/scsi1/lun0", "/dev/disk/azure/data/by-lun/0"])
