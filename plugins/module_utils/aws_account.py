"""Whose account it is, and what it may do: answered by dry runs, which make nothing."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

NOTHING = "ami-00000000000000000"

PROBES = (
    ("ec2:DescribeInstances", "describe_instances", {}),
    ("ec2:DescribeImages", "describe_images", {"ImageIds": [NOTHING]}),
    ("ec2:DescribeInstanceTypes", "describe_instance_types", {}),
    ("ec2:DescribeVpcs", "describe_vpcs", {}),
    ("ec2:DescribeSubnets", "describe_subnets", {}),
    ("ec2:DescribeSecurityGroups", "describe_security_groups", {}),
    ("ec2:DescribeKeyPairs", "describe_key_pairs", {}),
    (
        "ec2:RunInstances",
        "run_instances",
        {"ImageId": NOTHING, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1},
    ),
    ("ec2:CreateSecurityGroup", "create_security_group", {"GroupName": "stix-check", "Description": "stix check"}),
    ("ec2:ImportKeyPair", "import_key_pair", {"KeyName": "stix-check", "PublicKeyMaterial": b"ssh-ed25519 AAAA"}),
)
"""(permission, method of the client, its options): each is called as a dry run."""


def look(sts, ec2, region):
    """`{account, arn, missing}`: the account, who asks, and the permissions that are missing.

    Raises:
        Failure: `provision.auth` and others: nobody answers, or not to us.
    """
    try:
        who = sts.get_caller_identity()
    except Exception as error:
        raise classify_exception(error, region=region) from error
    with ThreadPoolExecutor(len(PROBES)) as pool:
        refusals = list(pool.map(lambda probe: _refusal(ec2, region, *probe), PROBES))
    for failure in refusals:
        if failure is not None and failure.code in ("provision.auth", "provision.transient"):
            raise failure
    missing = [probe[0] for probe, failure in zip(PROBES, refusals, strict=True) if _denied(failure)]
    return {"account": who["Account"], "arn": who["Arn"], "missing": missing}


def _refusal(ec2, region, permission, method, options):
    """How a dry run ended; a call that was let through ends with an error, too, and that is None."""
    try:
        getattr(ec2, method)(DryRun=True, **options)
    except Exception as error:
        failure = classify_exception(error, region=region)
        return None if failure.details["provider_code"] == "DryRunOperation" else failure
    return None


def _denied(failure):
    return isinstance(failure, Failure) and failure.code == "provision.permission"
