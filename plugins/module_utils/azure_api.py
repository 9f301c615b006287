"""Azure Resource Manager: things by their ids, and operations that take their time."""

import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify, classify_answer
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PARALLEL = 32
LONGEST_PAUSE = 15
"""Seconds between two looks at an operation at most, whatever Retry-After says."""

VERSIONS = {
    "microsoft.compute": "2024-07-01",
    "microsoft.compute/disks": "2024-03-02",
    "microsoft.compute/skus": "2021-07-01",
    "microsoft.compute/galleries": "2023-07-03",
    "microsoft.network": "2024-05-01",
    "microsoft.authorization": "2022-04-01",
    "microsoft.resources": "2021-04-01",
    "": "2021-04-01",
}
"""Provider, or provider/type -> version of its API; the last is that of groups and subscriptions."""

ABSENT = ("ResourceNotFound", "ResourceGroupNotFound", "NotFound", "ParentResourceNotFound")
"""Codes of an answer 404 that say that a thing is not there; a subscription that is not there is something else."""

MOVING = ("accepted", "creating", "updating", "deleting", "inprogress", "running", "migrating")


def version_of(path):
    """Version of the API that serves a path."""
    words = path.lower().split("/")
    places = [number for number, word in enumerate(words) if word == "providers"]
    if not places or places[-1] + 1 >= len(words):
        return VERSIONS[""]
    provider = words[places[-1] + 1]
    kind = words[places[-1] + 2] if places[-1] + 2 < len(words) else ""
    return VERSIONS.get("%s/%s" % (provider, kind)) or VERSIONS.get(provider) or VERSIONS[""]


class Api:
    """Resource Manager for one subscription.

    Args:
        rest: sends requests.
        login: makes tokens; its `host` is asked.
        subscription: the id; empty: the one that the login names, or the first that it sees.
        region: the region's name, for failures.
        wait_seconds: how long one operation may take.

    Attributes:
        token: the bearer token.
    """

    def __init__(self, rest, login, subscription, region, wait_seconds):
        self.rest = rest
        self.login = login
        self.region = region
        self.wait_seconds = wait_seconds
        self.token = login.token()
        self.subscription = subscription or login.subscription() or self._first()

    @property
    def root(self):
        """Path of the subscription."""
        return "/subscriptions/" + self.subscription

    def get(self, path, **query):
        """A thing, or None when it is not there."""
        answer = self._send("GET", path, query)
        return None if _absent(answer) else self._good(answer).body

    def every(self, path, **query):
        """The things of a list, all pages; empty when what holds them is not there."""
        found, answer = [], self._send("GET", path, query)
        while not _absent(answer):
            body = self._good(answer).body
            found += body if isinstance(body, list) else body.get("value") or []
            following = body.get("nextLink") if isinstance(body, dict) else None
            if not following:
                break
            answer = self._send("GET", following, None)
        return found

    def put(self, path, body, zone=""):
        """Makes or replaces a thing and waits until that is done; the thing."""
        answer = self._good(self._send("PUT", path, {}, body), zone)
        return self._done(answer, path, zone) or self.get(path)

    def patch(self, path, body):
        """Changes a thing and waits."""
        self._done(self._good(self._send("PATCH", path, {}, body)), path)

    def post(self, path, body=None, zone=""):
        """Does something with a thing and waits; what it answers."""
        return self._done(self._good(self._send("POST", path, {}, body), zone), "", zone)

    def delete(self, path, **query):
        """Removes a thing and waits until it is gone; a success when it is gone already."""
        answer = self._send("DELETE", path, query)
        if not _absent(answer):
            self._done(self._good(answer), "")

    def _send(self, method, path, query, body=None):
        url = path if path.startswith("https:") else "https://" + self.login.host + urllib.parse.quote(path, "/:@$'=,~")
        if query is not None:
            words = {name.replace("__", "$"): value for name, value in query.items()}
            url += "?" + urllib.parse.urlencode(
                {"api-version": version_of(path), **words}, quote_via=urllib.parse.quote
            )
        answer = self.rest.send(method, url, body, {"Authorization": "Bearer " + self.token})
        if (
            answer.status == 401
            and classify_answer(401, answer.body).details["provider_code"] == "ExpiredAuthenticationToken"
        ):
            self.token = self.login.token()
            answer = self.rest.send(method, url, body, {"Authorization": "Bearer " + self.token})
        return answer

    def _good(self, answer, zone=""):
        if answer.status >= 400:
            raise classify_answer(answer.status, answer.body, region=self.region, zone=zone)
        return answer

    def _done(self, answer, path, zone=""):
        """Follows an operation to its end: by its own address, by Location, or by the thing's state."""
        until, number = time.monotonic() + self.wait_seconds, 0
        operation = answer.headers.get("azure-asyncoperation")
        place = answer.headers.get("location") if answer.status == 202 else None
        body = answer.body
        while True:
            if operation and number:
                self._check(body, zone)
                if _state(body) not in MOVING:
                    return None
            elif place and not operation and number and answer.status != 202:
                return body
            elif not operation and not place and _state(body) not in MOVING:
                self._check(body, zone)
                return body if isinstance(body, dict) and "id" in body else None
            if time.monotonic() > until:
                words = "an operation did not end within %d s: %s" % (self.wait_seconds, path or operation or place)
                raise classify("TimeoutError", words, region=self.region, zone=zone)
            time.sleep(_pause(answer, number))
            number += 1
            answer = self._good(self._send("GET", operation or place or path, None if operation or place else {}), zone)
            body = answer.body

    def _check(self, body, zone):
        """Raises what a failed operation, or a thing that could not be made, says."""
        if _state(body) not in ("failed", "canceled", "cancelled"):
            return
        error = body.get("error")
        if not error:
            raise classify("InternalExecutionError", "the operation failed", region=self.region, zone=zone)
        raise classify_answer(200, {"error": error}, region=self.region, zone=zone)

    def _first(self):
        found = self.every("/subscriptions")
        if len(found) != 1:
            raise classify(
                "NoSubscription", "%d subscriptions are to be seen, and none is named" % len(found), region=self.region
            )
        return found[0]["subscriptionId"]

    @staticmethod
    def together(do, things):
        """Does it for all at once; every one gets its turn before the first error is raised."""
        things = list(things)
        if not things:
            return []
        with ThreadPoolExecutor(min(len(things), PARALLEL)) as pool:
            futures = [pool.submit(do, thing) for thing in things]
        failed = [future.exception() for future in futures if future.exception()]
        if failed:
            raise _worst(failed)
        return [future.result() for future in futures]


def _worst(failed):
    """Of several failures the one that says most: what nobody knows counts before what is known."""
    unknown = [one for one in failed if not isinstance(one, Failure) or one.code == "provision.unknown"]
    return (unknown or [one for one in failed if one.code != "provision.transient"] or failed)[0]


def _state(body):
    """The state of an operation or a thing in lower case; empty when it has none."""
    if not isinstance(body, dict):
        return ""
    state = body.get("status") or (body.get("properties") or {}).get("provisioningState") or ""
    return str(state).lower()


def _absent(answer):
    if answer.status != 404:
        return False
    error = (answer.body or {}).get("error") or {}
    return (error.get("code") or "NotFound") in ABSENT


def _pause(answer, number):
    asked = answer.retry_after
    return min(asked if asked is not None else 0.2 * 1.5**number, LONGEST_PAUSE)
