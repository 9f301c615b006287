"""Jobs of a cluster, as modules see them through the command `stix`."""

import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ENDED = {0: "", 100: "job.failed", 103: "job.cancelled"}
"""Exit status of `stix logs --status` after a job's end -> code of the error; empty where it succeeded."""

NOT_FINISHED = 101
NOT_FOUND = 102
LONGEST_PAUSE = 5.0


def queue(stix, cluster, unfinished=False):
    """The jobs of a cluster, the newest first."""
    return stix.call("queue", cluster, *(["--skip-finished"] if unfinished else []))[1]


def find(stix, cluster, job_id):
    """A job, or None."""
    return next((job for job in queue(stix, cluster) if job["job_id"] == job_id), None)


def wait(stix, cluster, job_id, seconds=0):
    """Wait for the end of a job; the code of the error that it ended with, or an empty string.

    Args:
        seconds: how long; 0 is for ever.

    Raises:
        Failure: `job.not_found`; `timeout`.
    """
    deadline, pause = time.monotonic() + seconds, 0.3
    while True:
        good = (*ENDED, NOT_FINISHED, NOT_FOUND)
        status = stix.call("logs", cluster, str(job_id), "--status", good=good)[0]
        if status == NOT_FOUND:
            raise Failure("job.not_found", "cluster %r has no job %d" % (cluster, job_id))
        if status in ENDED:
            return ENDED[status]
        if seconds and time.monotonic() > deadline:
            raise Failure("timeout", "job %d of cluster %r did not end in %d s" % (job_id, cluster, seconds))
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


def drain(stix, cluster, seconds):
    """Wait until no job runs or waits.

    Raises:
        Failure: `timeout`.
    """
    deadline, pause = time.monotonic() + seconds, 0.3
    while left := queue(stix, cluster, unfinished=True):
        if time.monotonic() > deadline:
            numbers = ", ".join(str(job["job_id"]) for job in left)
            raise Failure("timeout", "jobs %s of cluster %r did not end in %d s" % (numbers, cluster, seconds))
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)
