"""The shell text that brings disks to their places on a node. A disk is formatted only where it is wholly blank."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

FUNCTION = r"""
place_disk() {  # place_disk TARGET ro/rw OWNER DEVICE...: waits for one of the devices
  target=$1 mode=$2 owner=$3; shift 3
  case $target in "~"|"~/"*) target=$HOME${target#"~"};; /*) ;; *) target=$HOME/$target;; esac
  device= tries=0
  while :; do
    for one; do [ -e "$one" ] && device=$one && break; done
    [ -n "$device" ] && break
    tries=$((tries + 1))
    [ $tries -gt "${DISK_TRIES:-120}" ] && { echo "no disk $1 came" >&2; return 3; }
    sleep 0.5
  done
  if mountpoint -q "$target"; then echo "same $target"; return 0; fi
  real=$(readlink -f "$device") fresh=
  $ROOT blkid -p "$real" > /dev/null 2>&1; found=$?
  if [ $found = 2 ] && [ "$mode" = rw ]; then  # 2: nothing at all is on it
    $ROOT mkfs.ext4 -q -F -m 0 "$real" >&2 || return 4
    fresh=1
  elif [ $found != 0 ]; then
    echo "what is on the disk for $target cannot be told" >&2; return 5
  fi
  $ROOT mkdir -p "$target" || return 6
  options=defaults,nofail; [ "$mode" = ro ] && options=ro,noload,nofail
  line="$device $target auto $options 0 0"
  grep -qxF "$line" "${FSTAB:-/etc/fstab}" || echo "$line" | $ROOT tee -a "${FSTAB:-/etc/fstab}" > /dev/null
  $ROOT mount -o "$options" "$real" "$target" >&2 || return 7
  [ -n "$fresh" ] && $ROOT chown "$owner" "$target"
  echo "placed $target"
}
ROOT=; [ "$(id -u)" = 0 ] || ROOT="sudo -n"
"""


def script(mounts: Iterable[Mapping[str, Any]]) -> str:
    """Shell text; prints `placed TARGET` or `same TARGET` for each mount, and ends at the first that fails.

    Args:
        mounts: each `path`, `devices` (names that the disk may have, best first) and `read_only`.
    """
    lines = [FUNCTION]
    for mount in mounts:
        mode = "ro" if mount.get("read_only") else "rw"
        words = [str(mount["path"]), mode, *map(str, mount["devices"])]
        path, mode, *devices = map(shlex.quote, words)
        lines.append(f'place_disk {path} {mode} "$(id -u):$(id -g)" {" ".join(devices)} || exit $?')
    return "\n".join(lines)
