"""Calls of Google's APIs with failures as ours; operations awaited together."""

import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import (
    classify_answer,
    classify_errors,
    classify_exception,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, part

COMPUTE = "https://compute.googleapis.com/compute/v1/projects/"
TRIES = 4
"""How often a call is sent when Google is busy; a change with the same request id each time."""

LATE = "LATE"
"""The code of ours for an operation that goes on after nobody waits any more."""

PARALLEL = 16
PATIENCE = (10, 150)
"""Seconds to connect, and to answer: waiting for an operation takes up to 120."""


class Api:
    """Compute Engine in one project and region.

    Args:
        session: a requests session that logs in.
        project: the project's id.
        region: the region's name; may be empty.
        wait_seconds: how long all waiting together may take.
        internal: whether machines are reached by their private addresses.
    """

    def __init__(self, session, project, region, wait_seconds=300, internal=False):
        self.session = session
        self.project = project
        self.region = region
        self.internal = internal
        self.wait_seconds = wait_seconds
        self.deadline = time.monotonic() + wait_seconds
        self.root = COMPUTE + project + "/"

    def call(self, method, path, body=None, zone="", **query):
        """One call; `path` is below the project, or a whole URL. Answers what came, decoded.

        Raises:
            Failure: `provision.*`.
        """
        url = path if path.startswith("https://") else (self.root + path).rstrip("/")
        where = {"region": self.region, "zone": zone or part(path, "zones")}
        for number in range(TRIES):
            try:
                answer = self.session.request(method, url, params=query, json=body, timeout=PATIENCE)
            except Exception as error:
                failure = classify_exception(error, **where)
            else:
                if answer.ok:
                    return answer.json() if answer.content else {}
                failure = classify_answer(answer.status_code, _decoded(answer), **where)
                failure.details["status"] = answer.status_code
            if failure.code != "provision.transient" or not failure.details["scope"] or number + 1 == TRIES:
                raise failure
            time.sleep(0.3 * 2**number)
        raise AssertionError("unreachable")

    def get(self, path, **query):
        """One thing, or None when there is no such thing."""
        try:
            return self.call("GET", path, **query)
        except Failure as failure:
            if failure.details.get("status") == 404:
                return None
            raise

    def list(self, path, **query):
        """All pages of a list; of an aggregated one the things of all places. `unreachables` are added to it."""
        found, token, silent = [], "", []
        while True:
            page = self.call("GET", path, **query, **({"pageToken": token} if token else {}))
            items = page.get("items") or []
            if isinstance(items, dict):
                kind = last(path)
                silent += [place for place, told in items.items() if _is_silent(told)]
                items = [one for place in items.values() for one in place.get(kind) or []]
            found += items
            silent += page.get("unreachables") or []
            token = page.get("nextPageToken")
            if not token:
                return Found(found, silent)

    def together(self, *calls):
        """The results of functions that are called at the same time; the first that fails fails all."""
        with ThreadPoolExecutor(min(len(calls), PARALLEL) or 1) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    def each(self, function, things):
        """A function of many things, at the same time."""
        return self.together(*(lambda one=one: function(one) for one in things)) if things else []

    def done(self, operation, zone=""):
        """Waits until an operation has ended.

        Raises:
            Failure: it ended with an error, or takes too long.
        """
        while operation.get("status") != "DONE":
            if time.monotonic() > self.deadline:
                raise self._late(operation, zone)
            operation = self.call("POST", _path(operation) + "/wait")
        errors = (operation.get("error") or {}).get("errors")
        if errors:
            errors += self._behind(operation, errors)
            raise classify_errors(errors, region=self.region, zone=zone or part(operation.get("zone"), "zones"))
        return operation

    def change(self, method, path, body=None, **query):
        """A call that starts an operation, waited for."""
        return self.done(self.call(method, path, body, **query))

    def gone(self, path):
        """Deletes a thing, waited for; one that is not there is gone already."""
        try:
            self.change("DELETE", path)
        except Failure as failure:
            if failure.details.get("status") != 404 and failure.details["provider_code"] != "RESOURCE_NOT_FOUND":
                raise

    def _behind(self, operation, errors):
        """Why the machines of a bulk insert did not come: the errors of its own operations."""
        if len(errors) > 1 or not operation.get("operationGroupId"):
            return []
        group = 'operationGroupId="%s"' % operation["operationGroupId"]
        parts = self.list("zones/%s/operations" % last(operation["zone"]), filter=group)
        return [error for one in parts for error in (one.get("error") or {}).get("errors") or ()]

    def _late(self, operation, zone):
        return Failure(
            "provision.transient",
            "Google Cloud %s: %s of %s was not done after %d s"
            % (
                zone or self.region,
                operation.get("operationType"),
                last(operation.get("targetLink")),
                self.wait_seconds,
            ),
            "Try again.",
            {"scope": "zone" if zone else "region", "zone": zone, "region": self.region, "provider_code": LATE},
            True,
        )


class Found(list):
    """Things of a list, and the places that did not answer (`silent`)."""

    def __init__(self, things, silent):
        super().__init__(things)
        self.silent = silent


def _is_silent(told):
    """Whether a place of an aggregated list says that it did not answer."""
    return (told.get("warning") or {}).get("code") == "UNREACHABLE"


def _path(operation):
    link = operation["selfLink"]
    return COMPUTE + link.partition("/projects/")[2]


def _decoded(answer):
    try:
        return answer.json()
    except ValueError:
        return None
