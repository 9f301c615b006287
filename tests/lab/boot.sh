#!/bin/sh
# Process 1 of a lab host: builds its file system, waits for its network, becomes sshd.
# Runs in fresh mount, pid, net, uts and ipc namespaces. Environment: see Host._boot in hosts.py.
set -eu
exec 2>>"$LAB_DIR/log"
root=$LAB_DIR/mnt
mount -t overlay overlay -o "lowerdir=/,upperdir=$LAB_DIR/disk,workdir=$LAB_DIR/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/sshd"
if [ -n "$LAB_PYTHON" ]; then
    mount --bind "$LAB_PYTHON" "$root$LAB_PYTHON"
fi
if [ -n "$LAB_HOME_SIZE" ]; then
    mount -t tmpfs -o "size=$LAB_HOME_SIZE,mode=755" tmpfs "$root/mnt"
    cp -a "$root/home/." "$root/mnt/"
    mount --move "$root/mnt" "$root/home"
fi
hostname "$LAB_NAME"
cd "$root"
pivot_root . mnt
umount -l /mnt
echo ready
read -r _
ip link set lo up
while read -r device name address; do
    ip link set "$device" name "$name"
    ip addr add "$address" dev "$name"
    ip link set "$name" up
done </etc/lab-nics
unset LAB_DIR LAB_NAME LAB_PYTHON LAB_HOME_SIZE
exec /usr/sbin/sshd -D -e </dev/null >/dev/null
