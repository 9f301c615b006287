# ruff: noqa: E501 - messages are quoted whole
"""AWS's words as they were seen, and what they mean; choices of zone, image, disk, rank and ports."""

import pytest
from ansible_collections.stix.core.plugins.module_utils.aws_account import expiry, sentence
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify, classify_exception, classify_result
from ansible_collections.stix.core.plugins.module_utils.aws_images import image_wish, login, root_disk
from ansible_collections.stix.core.plugins.module_utils.aws_instances import rank_of, rank_text
from ansible_collections.stix.core.plugins.module_utils.aws_network import (
    choose_subnets,
    choose_vpc,
    key_name,
    port_ranges,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from botocore import exceptions
from botocore.session import Session
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

ANSWERS = [
    ("provision.no_capacity", "zone", "InsufficientInstanceCapacity", "We currently do not have sufficient p4d.24xlarge capacity in the Availability Zone you requested (us-east-1a). Our system will be working on provisioning additional capacity."),
    ("provision.no_capacity", "zone", "Server.InsufficientInstanceCapacity", "Server.InsufficientInstanceCapacity: Insufficient capacity to satisfy instance request"),
    ("provision.no_capacity", "zone", "Unsupported", "Your requested instance type (p5.48xlarge) is not supported in your requested Availability Zone (us-east-1e). Please retry your request by not specifying an Availability Zone or choosing us-east-1a."),
    ("provision.no_capacity", "zone", "SpotMaxPriceTooLow", "Your Spot request price of 0.01 is lower than the minimum required Spot request fulfillment price of 0.05."),
    ("provision.no_capacity", "zone", "InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances."),
    ("provision.quota", "region", "VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to."),
    ("provision.quota", "region", "MaxSpotInstanceCountExceeded", "Max spot instance count exceeded"),
    ("provision.quota", "region", "Client.VolumeLimitExceeded", "Client.VolumeLimitExceeded: Volume limit exceeded"),
    ("provision.auth", "cloud", "AuthFailure", "AWS was not able to validate the provided access credentials"),
    ("provision.auth", "cloud", "InvalidClientTokenId", "The security token included in the request is invalid."),
    ("provision.auth", "cloud", "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."),
    ("provision.auth", "cloud", "ExpiredToken", "The security token included in the request is expired"),
    ("provision.auth", "cloud", "RequestExpired", "Request has expired."),
    ("provision.config", "region", "OptInRequired", "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe."),
    ("provision.config", "cloud", "OptInRequired", "In order to use this AWS Marketplace product you need to accept terms and subscribe. To do so please visit https://aws.amazon.com/marketplace/pp?sku=x"),
    ("provision.config", "region", "AuthFailure", "Not authorized for images: [ami-0123456789abcdef0]"),
    ("provision.config", "region", "Client.InternalError", "Client.InternalError: Client error on launch"),
    ("provision.transient", "region", "Server.InternalError", "Server.InternalError: Internal error on launch"),
    ("provision.permission", "cloud", "AuthFailure.ServiceLinkedRoleCreationNotPermitted", "The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances."),
    ("provision.config", "cloud", "OperationNotPermitted", "The instance 'i-1' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."),
    ("provision.quota", "region", "PlacementGroupLimitExceeded", "You have reached the limit on the number of placement groups"),
    ("provision.config", "region", "InvalidCapacityReservationId.NotFound", "The capacity reservation 'cr-1' does not exist"),
    ("provision.no_capacity", "zone", "UnfulfillableCapacity", "Unable to fulfill capacity due to your request configuration."),
    ("provision.permission", "cloud", "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* because no identity-based policy allows the ec2:RunInstances action."),
    ("provision.permission", "cloud", "AccessDeniedException", "User: arn:aws:iam::1:user/u is not authorized to perform: ssm:GetParameter on resource: x"),
    ("provision.transient", "region", "RequestLimitExceeded", "Request limit exceeded."),
    ("provision.transient", "region", "Throttling", "Rate exceeded"),
    ("provision.transient", "region", "InternalError", "An internal error has occurred"),
    ("provision.transient", "", "DependencyViolation", "resource sg-1 has a dependent object"),
    ("provision.transient", "", "InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist"),
    ("provision.transient", "", "InvalidGroup.Duplicate", "The security group 'stix' already exists for VPC 'vpc-1'"),
    ("provision.config", "type", "InvalidInstanceType", "Invalid value 'x99.huge' for InstanceType."),
    ("provision.config", "region", "InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist"),
    ("provision.config", "region", "InvalidParameterValue", "Invalid IAM Instance Profile name"),
    ("provision.config", "region", "ParameterNotFound", ""),
    ("provision.config", "region", "VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC."),
    ("provision.unsupported", "type", "UnsupportedOperation", "You can't stop the Spot Instance 'i-1' because it is associated with a one-time Spot Instance request."),
    ("provision.unknown", "", "SomethingNew", "Nobody has seen this"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "scope", "provider", "message"), ANSWERS)
def test_answers(code: str, scope: str, provider: str, message: str) -> None:
    answer = {"Error": {"Code": provider, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    failure = classify_exception(exceptions.ClientError(answer, "RunInstances"), region="us-east-1", zone="us-east-1a")
    assert (failure.code, failure.details["scope"]) == (code, scope)
    assert failure.details["provider_code"] == provider and failure.details["region"] == "us-east-1"
    assert ("zone" in failure.details) == (scope in ("zone", ""))
    assert message[:40] in failure.message


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("provision.auth", exceptions.NoCredentialsError()),
        ("provision.auth", exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")),
        ("provision.auth", exceptions.ProfileNotFound(profile="nope")),
        ("provision.auth", exceptions.SSOTokenLoadError(error_msg="expired")),
        ("provision.transient", exceptions.EndpointConnectionError(endpoint_url="https://ec2.us-east-1.amazonaws.com")),
        ("provision.transient", exceptions.ReadTimeoutError(endpoint_url="https://x")),
        ("provision.config", exceptions.NoRegionError()),
        ("provision.config", exceptions.ParamValidationError(report="Unknown parameter")),
        ("provision.unknown", KeyError("x")),
    ],
)
def test_exceptions(code: str, error: Exception) -> None:
    assert classify_exception(error).code == code


def test_the_missing_permission_and_expiry_are_named() -> None:
    denied = classify("UnauthorizedOperation", next(row[3] for row in ANSWERS if row[2] == "UnauthorizedOperation"))
    assert denied.details["permission"] == "ec2:RunInstances" and "ec2:RunInstances is missing" in denied.message
    assert "expired" in classify("RequestExpired", "Request has expired.").message


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("provision.quota", {"msg": "no", "error": {"code": "SecurityGroupLimitExceeded", "message": "The maximum"}}),
        ("provision.permission", {"msg": "Failed to import key: An error occurred (UnauthorizedOperation) when calling the ImportKeyPair operation: no"}),
        ("provision.auth", {"msg": "Couldn't connect to AWS: The config profile (nope) could not be found"}),
        ("provision.auth", {"msg": "Failed: Unable to locate credentials"}),
        ("runner.missing_content", {"msg": "Failed to import the required Python library (botocore and boto3) on x's Python"}),
        ("provision.config", {"msg": "x", "stix_error": Failure("provision.config", "x").record()}),
        ("provision.unknown", {}),
    ],
)  # fmt: skip
def test_results_of_other_modules(code: str, result: dict) -> None:
    assert classify_result(result).code == code


def test_what_a_check_says() -> None:
    good = {"arn": "arn:aws:iam::1:user/ann", "missing": [], "wanting": [], "expires": 0}
    assert sentence(good, 0) == ("arn:aws:iam::1:user/ann", "")
    until = {"AWS_CREDENTIAL_EXPIRATION": "2026-11-28T12:30:00Z"}
    soon = expiry(object(), until)
    assert sentence(good | {"expires": soon}, soon - 300)[0].endswith("the credentials end in 5 min")
    assert expiry(object(), {}) == expiry(object(), {"AWS_CREDENTIAL_EXPIRATION": "soon"}) == 0
    assert "servicequotas" in sentence(good | {"wanting": ["servicequotas:GetServiceQuota"]}, 0)[1]
    assert "ec2:RunInstances" in sentence(good | {"missing": ["ec2:RunInstances"]}, 0)[0]


def _subnet(zone: str, number: int, public: bool = True, free: int = 10) -> dict:
    place = {"SubnetId": f"subnet-{zone}-{number}", "AvailabilityZone": zone, "AvailabilityZoneId": f"id-{zone}"}
    return place | {"MapPublicIpOnLaunch": public, "AvailableIpAddressCount": free}


def test_zones_in_the_order_asked_each_once() -> None:
    subnets = [_subnet("a", 1), _subnet("b", 1, free=5), _subnet("b", 2, free=50), _subnet("b", 3, public=False)]
    ids = [one["SubnetId"] for one in choose_subnets(subnets, ["id-b", "b", "c", "a"], False)[0]]
    assert ids == ["subnet-b-2", "subnet-a-1"] and choose_subnets(subnets, ["c"], False) == ([], ["c"])
    assert [one["AvailabilityZone"] for one in choose_subnets(subnets, [], False)[0]] == ["a", "b"]
    assert choose_subnets(subnets, ["b"], True)[0][0]["SubnetId"] == "subnet-b-3"


@given(st.sets(st.integers(0, 300), max_size=40))
def test_ranks_are_read_back(ranks: set[int]) -> None:
    ordered = sorted(ranks)
    tags = [{"Key": "stix-ranks", "Value": rank_text(ordered)}]
    assert [rank_of({"Tags": tags, "AmiLaunchIndex": place}) for place in range(len(ordered))] == ordered


def test_a_tag_is_the_rank() -> None:
    assert rank_of({"Tags": [{"Key": "stix-rank", "Value": "7"}, {"Key": "stix-ranks", "Value": "1-9"}]}) == 7


def test_ports_keys_logins() -> None:
    assert port_ranges(["8080", 22, "9000-9010", "8080"]) == [(22, 22), (8080, 8080), (9000, 9010)]
    assert key_name("ssh-ed25519 AAAA ann@x") == key_name("ssh-ed25519 AAAA bob@y") != key_name("ssh-ed25519 BBBB")
    names = ["ubuntu/images/x", "debian-12-amd64", "al2023-ami-1", "Rocky-9", "mine"]
    assert [login(name) for name in names] == ["ubuntu", "admin", "ec2-user", "rocky", "ubuntu"]


def test_an_image_for_each_region() -> None:
    assert image_wish({"eu-west-1": "ami-2", None: "ami-1"}, "us-east-1") == "ami-1"
    assert image_wish("ami-3", "x") == "ami-3" and image_wish(None, "x") == ""
    with pytest.raises(Failure, match="no image for x"):
        image_wish({"y": "ami-1"}, "x")


@pytest.mark.parametrize(
    ("tier", "kind", "iops"),
    [(None, "gp3", None), ("low", "standard", None), ("medium", "gp3", 3500), ("high", "gp3", 7000), ("ultra", "io2", 20000), ("best", "io2", 20000)],
)  # fmt: skip
def test_disks(tier: str | None, kind: str, iops: int | None) -> None:
    image = {
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}],
    }
    disk = root_disk(image, 20, tier, False)
    assert disk["DeviceName"] == "/dev/xvda" and disk["Ebs"]["VolumeSize"] == 30, "never smaller than the image"
    assert (disk["Ebs"]["VolumeType"], disk["Ebs"].get("Iops")) == (kind, iops)


def test_a_region_without_a_default_vpc_says_how_to_get_one() -> None:
    ec2 = Session().create_client("ec2", "eu-west-3", aws_access_key_id="a", aws_secret_access_key="b")
    answers = Stubber(ec2)
    answers.add_response("describe_vpcs", {"Vpcs": []})
    with answers, pytest.raises(Failure, match="AWS eu-west-3 has no default VPC") as caught:
        choose_vpc(ec2, None, "eu-west-3")
    assert "aws.vpc_name" in caught.value.hint and caught.value.hint.endswith("create-default-vpc --region eu-west-3.")
