"""What fault rules (`tests.lab.faults`) see of a call of EC2, and a refusal in EC2's form."""

from typing import Any
from xml.sax.saxutils import escape

from moto.backends import get_backend

SENTENCE = "We currently do not have sufficient {type} capacity in the Availability Zone you requested ({zone})."
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>'
    "</Error></Errors><RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>"
)


def error_answer(rule: dict[str, Any]) -> tuple[str, str]:
    """HTTP status line and body of a refusal, in the form of the EC2 query protocol."""
    message = escape(rule.get("message", SENTENCE).format(**rule["call"]))
    return f"{rule.get('status', 400)} Error", ANSWER.format(code=rule["code"], message=message)


def described(query: dict[str, str], authorization: str) -> dict[str, Any]:
    """A call as rules see it and as `calls` lists it: `{action, region, zone, type, spot, query}`."""
    # AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/ec2/aws4_request, ...
    scope = authorization.partition("Credential=")[2].split("/")
    subnet = query.get("SubnetId") or query.get("NetworkInterface.1.SubnetId") or ""
    return {
        "action": query.get("Action", ""),
        "region": scope[2] if len(scope) > 2 else "",
        "zone": query.get("Placement.AvailabilityZone") or _zone_of(subnet),
        "type": query.get("InstanceType", ""),
        "spot": query.get("InstanceMarketOptions.MarketType") == "spot",
        "query": query,
    }


def _zone_of(subnet: str) -> str:
    for account in get_backend("ec2").values() if subnet else ():
        for backend in list(account.values()):
            for by_zone in backend.subnets.values():
                if subnet in by_zone:
                    return str(by_zone[subnet].availability_zone)
    return ""
