"""Takes the steps of a plan on a node."""

import os
import pwd
import time

from ansible.module_utils.urls import fetch_file
from ansible_collections.stix.core.plugins.module_utils import node_facts
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

LOCK_SECONDS = 300
"""A machine that has just booted updates itself: the package manager is held for so long at most."""


class Steps(object):
    """Takes steps, one after the other.

    Args:
        module: the AnsibleModule.
        proxy: `{http, https, no}`, for downloads and package managers.

    Attributes:
        reboot: whether the node has to start anew before what was installed works.
    """

    def __init__(self, module, proxy):
        self.module = module
        self.reboot = False
        self.fresh = False
        names = {"http": "http_proxy", "https": "https_proxy", "no": "no_proxy"}
        self.env = {names[key]: value for key, value in (proxy or {}).items() if value and key in names}
        self.env["DEBIAN_FRONTEND"] = "noninteractive"
        os.environ.update(self.env)

    def take(self, steps):
        """All of them.

        Raises:
            Failure: `setup.failed`, which step and why.
        """
        for step in steps:
            getattr(self, "_" + step["do"])(step)

    def _run(self, words, what, check=True):
        try:
            status, out, err = self.module.run_command(words, environ_update=self.env, handle_exceptions=False)
        except OSError as error:
            status, out, err = 127, "", str(error)
        if status and check:
            last = (err.strip() or out.strip())[-600:]
            raise Failure("setup.failed", "%s failed: %s" % (what, last), "", {"command": words, "status": status})
        return status

    def _packages(self, step):
        names = step["names"]
        if self.module.get_bin_path("apt-get"):
            lock = ["-o", "DPkg::Lock::Timeout=%d" % LOCK_SECONDS]
            if not self.fresh:
                self._run(["apt-get", *lock, "-q", "update"], "reading the package sources")
                self.fresh = True
            words = ["apt-get", *lock, "-q", "-y", "--no-install-recommends", "--allow-downgrades", "install"]
        else:
            program = self.module.get_bin_path("dnf") or self.module.get_bin_path("yum")
            if not program:
                words = "The node has neither apt-get nor dnf nor yum, to install %s" % ", ".join(names)
                raise Failure(
                    "setup.failed", words, "Take an image that has what it needs, or one with a package manager."
                )
            words = [program, "-q", "-y", "install"]
        self._run(words + names, "installing %s" % ", ".join(names))

    def _file(self, step):
        path = step["path"]
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        partial = path + ".stix-new"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, step["mode"]), "w") as file:
            file.write(step["text"])
        os.chmod(partial, step["mode"])
        if step.get("owner"):
            entry = pwd.getpwnam(step["owner"])
            os.chown(partial, entry.pw_uid, entry.pw_gid)
            if os.stat(os.path.dirname(path)).st_uid == 0 and os.path.dirname(path) != "/":
                os.chown(os.path.dirname(path), entry.pw_uid, entry.pw_gid)
        os.rename(partial, path)
        self.fresh = False

    def _download(self, step):
        url, path = step["url"], step["path"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        got = self._fetch(url)
        wanted = step.get("sha256")
        if step.get("sums"):
            words = node_facts.read(self._fetch(step["sums"])).split()
            wanted = words[0] if words else "nothing"
        if wanted and self.module.sha256(got) != wanted:
            raise Failure(
                "setup.failed", "%s is not what its checksum says" % url, "Fetch it again, or correct the sum."
            )
        self.module.atomic_move(got, path)
        os.chmod(path, 0o644)

    def _fetch(self, url):
        try:
            # The module ends with Ansible's own words where the address does not answer.
            return fetch_file(self.module, url)
        except (OSError, ValueError) as error:
            raise Failure("setup.failed", "%s cannot be fetched: %s" % (url, error), "") from error

    def _command(self, step):
        self._run(step["words"], "'%s'" % " ".join(step["words"][:3]))

    def _try(self, step):
        self._run(step["words"], "", check=False)

    def _remove(self, step):
        os.unlink(step["path"])

    def _empty(self, step):
        with open(step["path"], "w"):
            pass

    def _service(self, step):
        name = step["name"]
        verb = ["restart"] if step.get("restart") else ["enable", "--now"]
        self._run(["systemctl", *verb, name], "starting %s" % name)

    def _reboot(self, step):
        self._run(step["before"], "", check=False)
        deadline = time.time() + 10
        while self._run(step["unless"], "", check=False) and time.time() < deadline:
            time.sleep(2)
        self.reboot = bool(self._run(step["unless"], "", check=False))


def told(steps):
    """Steps as a result shows them: no text of files that hold secrets."""
    return [{key: value for key, value in step.items() if key != "text"} for step in steps]
