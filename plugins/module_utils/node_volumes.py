"""Volumes on a node: disks are formatted once and mounted, folders of the machine are linked; and all of it undone."""

import os
import pwd
import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_fstab import Fstab, lines_of
from ansible_collections.stix.core.plugins.module_utils.node_mounts import end_holders, mounted

PROBED = 1 << 20
"""Bytes at the beginning of a disk that must be empty before it is formatted, whatever blkid says."""

NOTHING_FOUND = 2
"""blkid's exit status for a disk that it finds nothing on."""

PAUSE = 0.2


class Volumes(object):
    """The volumes of one node.

    Args:
        run: `run(words)` -> `(status, stdout, stderr)`.
        base: folder below which disks are mounted whole.
        fstab: the file that says what is mounted when the machine starts.
        home: what `~` means, and `owner`, the login, whose the empty volumes become.
        seconds: how long a disk that was just attached may take to appear.
        check: whether nothing may be changed.
    """

    def __init__(self, run, base, fstab, home, owner, seconds, check):
        self.run = run
        self.base = base
        self.fstab = Fstab(fstab, check, self._reload)
        self.home = home
        self.owner = owner
        self.seconds = 0 if check else seconds  # nothing was attached just now
        self.check = check
        self.changed = False

    def have(self, mount):
        """Mounts one volume; what is as wanted stays.

        Args:
            mount: `{target, name, devices, host_path, sub_path, mode, sealed, base}`.

        Raises:
            Failure: `setup.failed`.
        """
        if not (mount.get("devices") or mount.get("host_path")):
            raise Failure("setup.failed", "volume %s was attached nowhere" % mount.get("name"), "Run it again.")
        source = self._disk(mount) if mount.get("devices") else self._folder(mount)
        target = self._path(mount["target"])
        readonly = mount.get("mode") == "ro"
        if mount.get("devices") or readonly:
            self._bind(source, target, readonly)
            if mount.get("devices"):
                self._at_boot(mount, source, target, readonly)
        else:
            self._link(source, target)

    def leave(self, mount):
        """Takes one volume off the node; processes that hold it are ended."""
        target = self._path(mount["target"])
        if os.path.islink(target):
            if mount.get("host_path") and os.readlink(target) == self._inside(mount["host_path"], mount):
                self._do(lambda: _unlink(target))
        elif target in mounted():
            self._unmount(target)
        whole = self._whole(mount)
        if mount.get("devices"):
            self.changed = self.fstab.drop([target, whole]) or self.changed
            if whole in mounted():
                self._unmount(whole)

    def _whole(self, mount):
        return os.path.join(mount.get("base") or self.base, mount.get("name") or "-")

    def _at_boot(self, mount, source, target, readonly):
        link = next((one for one in mount["devices"] if os.path.exists(one)), mount["devices"][0])
        lines = lines_of(link, self._whole(mount), bool(mount.get("sealed")), target, source, readonly)
        self.changed = self.fstab.have(lines) or self.changed

    def _reload(self):
        """A system that keeps units of the file's lines would end mounts that an older line of it does not know."""
        if os.path.isdir("/run/systemd/system"):
            self.run(["systemctl", "daemon-reload"])

    def _path(self, target):
        return os.path.normpath(self.home + target[1:] if target.startswith("~") else target)

    def _inside(self, folder, mount):
        return os.path.normpath(os.path.join(folder, mount.get("sub_path") or ""))

    def _do(self, act):
        self.changed = True
        if not self.check:
            act()

    def _folder(self, mount):
        source = self._inside(mount["host_path"], mount)
        if not os.path.isdir(source):
            if mount.get("mode") == "ro":
                raise Failure("setup.failed", "the folder %s is not there" % source, "Make it, or name another one.")
            self._do(lambda: self._make_folder(source))
        return source

    def _make_folder(self, path):
        made = []
        while not os.path.isdir(path):
            made.append(path)
            path = os.path.dirname(path)
        for each in reversed(made):
            try:
                os.mkdir(each, 0o755)
            except FileExistsError:  # nodes that are one machine do the same at the same time
                continue
            self._give(each)

    def _give(self, path):
        if self.owner and os.geteuid() == 0:
            login = pwd.getpwnam(self.owner)
            os.chown(path, login.pw_uid, login.pw_gid)

    def _link(self, source, target):
        if os.path.islink(target) and os.path.normpath(os.readlink(target)) == source:
            return
        if os.path.lexists(target):
            if os.path.islink(target) or not os.path.isdir(target) or os.listdir(target):
                raise Failure("setup.failed", "%s is there already, so no volume can be there" % target)
            self._do(lambda: os.rmdir(target))
        self._do(lambda: self._make_link(source, target))

    def _make_link(self, source, target):
        self._make_folder(os.path.dirname(target))
        try:
            os.symlink(source, target)
        except FileExistsError:
            if not os.path.islink(target) or os.readlink(target) != source:
                raise

    def _disk(self, mount):
        """The wanted folder of a disk that is mounted whole, formatted if nothing is on it."""
        device = self._appeared(mount)
        whole = self._whole(mount)
        empty = False
        if whole not in mounted():
            empty = self._is_empty(device, mount["name"])
            if empty and mount.get("sealed"):
                raise Failure("setup.failed", "nothing is on the disk of %s, which is only to be read" % mount["name"])
            if empty:
                self._do(lambda: self._command("mkfs.ext4", "-q", "-m", "0", device))
            self._do(lambda: self._mount_whole(device, whole, empty, bool(mount.get("sealed"))))
        if not self.check and not mount.get("sealed"):
            self._grow(device, whole)
        inside = self._inside(whole, mount)
        if not self.check and not os.path.isdir(inside):
            self._make_folder(inside)
        return inside

    def _mount_whole(self, device, whole, empty, sealed):
        if not os.path.isdir(whole):
            os.makedirs(whole, 0o755)
        # A journal cannot be looked through on a disk that is attached for reading only.
        self._command("mount", *(["-o", "ro,noload"] if sealed else []), device, whole)
        if empty:
            self._give(whole)

    def _appeared(self, mount):
        until = time.time() + self.seconds
        while True:
            for device in mount["devices"]:
                if os.path.exists(device):
                    return os.path.realpath(device)
            if time.time() > until:
                raise Failure(
                    "setup.failed",
                    "the disk of volume %s does not appear" % mount["name"],
                    "It was looked for as %s." % ", ".join(mount["devices"]),
                    {"volume": mount["name"]},
                    retryable=True,
                )
            time.sleep(PAUSE)

    def _is_empty(self, device, name):
        """Whether a disk was never written; one with something that is no file system is refused.

        Raises:
            Failure: `setup.failed`.
        """
        status, out, err = self.run(["blkid", "-p", "-o", "value", "-s", "TYPE", device])
        if status == 0 and out.strip():
            return False
        blank = False
        if status == NOTHING_FOUND:
            with open(device, "rb") as disk:
                blank = not disk.read(PROBED).strip(b"\0")
        if not blank:
            raise Failure(
                "setup.failed",
                "volume %s holds something that is no file system, so it is neither formatted nor mounted" % name,
                err.strip() or "It may have partitions, or be written by a database.",
                {"volume": name},
            )
        return True

    def _grow(self, device, whole):
        """Let the file system fill a disk that became larger."""
        status, out, _ = self.run(["findmnt", "-n", "-o", "FSTYPE", whole])
        kind = out.strip() if status == 0 else ""
        words = {"ext4": ["resize2fs", device], "xfs": ["xfs_growfs", whole]}.get(kind)
        if words:
            before = os.statvfs(whole).f_blocks
            self._command(*words)
            self.changed = self.changed or os.statvfs(whole).f_blocks != before

    def _bind(self, source, target, readonly):
        there = mounted()
        if target in there:
            if not os.path.isdir(source) or os.path.samefile(source, target):
                return
            raise Failure("setup.failed", "something else is mounted at %s" % target)
        if os.path.lexists(target) and (not os.path.isdir(target) or os.listdir(target)):
            raise Failure("setup.failed", "%s is there already and not empty, so no volume can be there" % target)
        self._do(lambda: self._mount_bound(source, target, readonly))

    def _mount_bound(self, source, target, readonly):
        self._make_folder(target)
        self._command("mount", "--bind", source, target)
        if readonly:
            self._command("mount", "-o", "remount,bind,ro", target)

    def _unmount(self, point):
        self._do(lambda: end_holders(point))
        self._do(lambda: self._command("umount", point))
        if not self.check and not os.listdir(point):
            os.rmdir(point)

    def _command(self, *words):
        status, out, err = self.run(list(words))
        if status != 0:
            raise Failure("setup.failed", "%s failed: %s" % (words[0], (err or out).strip() or "status %d" % status))


def _unlink(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
