#!/bin/sh
# Prints a Python 3.11 or newer that can make virtual environments; installs Debian's part for that if it is what is missing.
works() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}
find_one() {
    for name in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if works "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}
find_one && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv) >&2
    find_one && exit
fi
echo "stix needs Python 3.11 or newer with the venv module" >&2
exit 1
