"""What is mounted on a node, and who holds it; the processes that hold something are ended."""

import os
import signal
import time

PAUSE = 0.2
GRACE_SECONDS = 10
"""How long processes that hold a volume get to end before they are killed."""


def mounted():
    """Mount point -> `(device number, folder inside it)`; of several on one point the last, which is the one seen."""
    found = {}
    with open("/proc/self/mountinfo") as lines:
        for line in lines:
            fields = line.split()
            found[_plain(fields[4])] = (fields[2], _plain(fields[3]))
    return found


def _plain(text):
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, sign)
    return text


def end_holders(point):
    """Ends the processes that hold a mount: each is asked once, and those that do not listen are ended by force."""
    until, asked = time.time() + GRACE_SECONDS, set()
    while True:
        held = holders(point)
        if not held:
            return
        late = time.time() > until
        for pid in held if late else set(held) - asked:
            asked.add(pid)
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                continue
        if time.time() > until + GRACE_SECONDS:
            return
        time.sleep(PAUSE)


def holders(point):
    """Processes with an open file, a working folder or a root on a mount."""
    device, found = os.stat(point).st_dev, []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        folder = os.path.join("/proc", name)
        links = [os.path.join(folder, "cwd"), os.path.join(folder, "root")]
        try:
            links += [os.path.join(folder, "fd", number) for number in os.listdir(os.path.join(folder, "fd"))]
        except OSError:
            pass
        if any(_is_on(link, device, point) for link in links):
            found.append(int(name))
    return found


def _is_on(link, device, point):
    try:
        path = os.readlink(link)
        return (path == point or path.startswith(point + "/")) and os.stat(link).st_dev == device
    except OSError:
        return False
