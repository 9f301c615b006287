#!/bin/sh
# Installs what the real machines of the tests need, where that can be done: as root, with apt. Elsewhere those tests skip.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=""
need() { # need PROGRAM PACKAGE
    command -v "$1" >/dev/null || missing="$missing $2"
}
need /usr/bin/python3 python3
need sshd openssh-server
need ssh openssh-client
need sshpass sshpass
need rsync rsync
need git git
need ip iproute2
need nsenter util-linux
need openssl openssl
need pgrep procps
need dockerd docker.io
need docker docker.io
need tini tini
need fusermount3 fuse3
need iptables iptables
need mmdebstrap mmdebstrap
need busybox busybox-static
if [ -e "$(dirname "$0")/../../../shared/lab/k8s/bin.tar.xz" ]; then
    need etcd etcd-server
    need kubectl kubernetes-client
    need cc gcc
    need xz xz-utils
fi
# The emulator of Azure's blob storage; npm itself would be hundreds of packages more, so without it one test skips.
if command -v npm >/dev/null && ! command -v azurite-blob >/dev/null; then
    npm install --global --no-audit --no-fund azurite@3.35.0 || echo "the test of Azure's buckets skips" >&2
fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests with real machines skip, for want of:$missing" >&2
    exit 0
fi
# The tests start their own sshd and dockerd; the packages' services stay off.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -qy --no-install-recommends $missing
