"""Whose account it is, and what it may do: answered by dry runs, which make nothing."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

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

QUOTAS = "servicequotas:GetServiceQuota"
"""A permission that is good to have: without it a quota that is used up shows only when a create is refused."""


def look(sts, ec2, quotas, region):
    """`{account, arn, missing, wanting, checks}`: the account, who asks, permissions that are missing or would be good.

    `checks` is a list of `{name, ok, seconds}`, one for each question.

    Raises:
        Failure: `provision.auth` and others: nobody answers, or not to us.
    """
    began = time.monotonic()
    try:
        who = sts.get_caller_identity()
    except Exception as error:
        raise classify_exception(error, region=region) from error
    checks = [{"name": "sts:GetCallerIdentity", "ok": True, "seconds": round(time.monotonic() - began, 3)}]
    with ThreadPoolExecutor(len(PROBES) + 1) as pool:
        share = pool.submit(_asked, region, QUOTAS, quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-1216C47A")
        answers = [
            pool.submit(_asked, region, name, getattr(ec2, method), DryRun=True, **more)
            for name, method, more in PROBES
        ]
        results = [answer.result() for answer in answers]
    for failure, _ in results:
        if failure is not None and failure.code in ("provision.auth", "provision.transient"):
            raise failure
    checks += [check for _, check in (*results, share.result())]
    missing = [check["name"] for failure, check in results if _denied(failure)]
    wanting = [QUOTAS] if _denied(share.result()[0]) else []
    return {"account": who["Account"], "arn": who["Arn"], "missing": missing, "wanting": wanting, "checks": checks}


def _asked(region, name, method, **options):
    """How a question ended, and the check that it was; a dry run that was let through is an error of EC2's, too."""
    began, failure = time.monotonic(), None
    try:
        method(**options)
    except Exception as error:
        failure = classify_exception(error, region=region)
        if failure.details["provider_code"] == "DryRunOperation":
            failure = None
    return failure, {"name": name, "ok": not _denied(failure), "seconds": round(time.monotonic() - began, 3)}


def _denied(failure):
    return isinstance(failure, Failure) and failure.code == "provision.permission"


def expiry(credentials, environ=os.environ):
    """When temporary credentials end, in Unix seconds; 0: never, or nobody knows.

    Args:
        credentials: botocore's; those that it gets anew by itself know it, those of the environment only if a program
            like `aws configure export-credentials` has told it there.
    """
    when = getattr(credentials, "_expiry_time", None)
    text = environ.get("AWS_CREDENTIAL_EXPIRATION")
    if when is None and text:
        try:
            when = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return 0
    return int(when.timestamp()) if when else 0


def sentence(found, now):
    """`(message, hint)` of a check: who asks and until when, or what is missing.

    Args:
        found: what `look` found, and `expires`.
        now: Unix seconds.
    """
    if found["missing"]:
        return "missing permissions: " + ", ".join(
            found["missing"]
        ), "docs/guides/aws.md has the policy that stix needs"
    message = found["arn"]
    if found["expires"]:
        message += "; the credentials end in %d min" % max(0, (found["expires"] - now) // 60)
    lacking = ", ".join(found["wanting"])
    return message, lacking and "%s would show a used-up quota before machines are asked for" % lacking
