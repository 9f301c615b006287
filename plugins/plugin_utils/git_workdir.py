"""A workdir that the node fetches by git itself: one shell text, one JSON line.

A login in the address answers git's questions about that host alone, and is neither in a command line nor in the
repository's config.
"""

import re
import shlex

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ASK = """\
#!/bin/sh
exec "$STIX_GIT_PYTHON" -SEc 'import os, re, sys
from urllib.parse import unquote
asked = re.match(r"(Username|Password) for \\x27https?://(?:[^@/]*@)?([^/@\\x27]+)\\x27", sys.argv[1])
if not asked or asked[2] != os.environ["STIX_GIT_HOST"]:
    sys.exit(1)
user, _, password = os.environ["STIX_GIT_LOGIN"].partition(":")
print(unquote(user if asked[1] == "Username" else password))' "$1"
"""

SCRIPT = """\
IFS= read -r url
login=
case $url in http://*|https://*)
  rest=${{url#*://}}; place=${{rest%%/*}}
  case $place in *@*) login=${{place%@*}}; url=${{url%%://*}}://${{rest#"$login"@}} ;; esac ;;
esac
if [ -n "$login" ]; then
  asking=$(mktemp -d) || exit 1
  trap 'rm -rf "$asking"' EXIT
  printf '%s' {ask} >"$asking/ask" && chmod 700 "$asking/ask"
  host=${{url#*://}}
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0=
  export GIT_ASKPASS="$asking/ask" STIX_GIT_PYTHON="$PY" STIX_GIT_LOGIN="$login" STIX_GIT_HOST="${{host%%/*}}"
fi
fail() {{ printf '{{"error": {{"code": "sync.%s", "message": "%s"}}}}\\n' "$1" "$2"; exit 1; }}
export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new'
ref={ref} home={home} check={check}
[ -n "$home" ] || home=$HOME
case $home in "~") home=$HOME ;; "~/"*) home=$HOME/${{home#"~/"}} ;; esac
command -v git >/dev/null 2>&1 || fail failed "git is not installed on the machine"
dir=$home/{workdir}
old=$(git -C "$dir" rev-parse -q --verify 'HEAD^{{commit}}' 2>/dev/null)
heads=$(git ls-remote "$url" "${{ref:-HEAD}}" "${{ref:-HEAD}}^{{}}") || fail source "The git address cannot be read"
new=$(printf '%s\\n' "$heads" | sed -n '$s/[^0-9a-f].*//p')
if [ -z "$new" ]; then
  case $ref in *[!0-9a-f]*|"") fail source "The git address has no such ref" ;; esac
  new=$ref
fi
case $old in "$new"*) [ -n "$old" ] && changed=false || changed=true ;; *) changed=true ;; esac
if [ $changed = true ] && [ $check = no ]; then
  mkdir -p "$dir" && cd "$dir" || fail failed "The workdir cannot be made"
  [ -d .git ] || git init -q . || fail failed "git init failed"
  git remote remove origin 2>/dev/null
  git remote add origin "$url"
  git fetch -q --force --tags origin '+refs/heads/*:refs/remotes/origin/*' || fail failed "git fetch failed"
  git cat-file -e "$new^{{commit}}" 2>/dev/null || git fetch -q origin "$new" ||
    fail source "The git address has no such commit"
  if git rev-parse -q --verify "refs/remotes/origin/$ref" >/dev/null; then
    git checkout -q -f -B "$ref" "$new" || fail failed "git checkout failed"
  else
    git checkout -q -f --detach "$new" || fail failed "git checkout failed"
  fi
  if [ -f .gitmodules ]; then
    git submodule -q sync --recursive && git submodule -q update --init --recursive --force ||
      fail failed "The submodules cannot be fetched"
  fi
  if git lfs version >/dev/null 2>&1; then git lfs pull || fail failed "git lfs pull failed"; fi
fi
printf '{{"changed": %s, "before": "%s", "after": "%s"}}\\n' $changed "$old" "$new"
"""


def script(ref: str, user_home: str, workdir: str, check: bool) -> str:
    """Shell text that brings `workdir` below `user_home` to `ref` of the address it reads from its standard input.

    Args:
        ref: branch, tag or commit; "" is the address's default branch.
        user_home: home of jobs on the node; "" is the login's.
        workdir: folder below it.
        check: only say whether something would change.
    """
    return (
        "(\n"
        + SCRIPT.format(
            ref=shlex.quote(ref),
            home=shlex.quote(user_home),
            workdir=shlex.quote(workdir),
            check="yes" if check else "no",
            ask=shlex.quote(ASK),
        )
        + ")"
    )


def explained(failure: Failure, stderr: str) -> Failure:
    """The failure with git's own first word, in which no address shows a user or password."""
    said = re.findall(r"^(?:fatal|error): (.+)$", stderr, re.MULTILINE)
    if said and failure.code.startswith("sync."):
        failure.message += ": " + re.sub(r"//[^/\s]+@", "//", said[0].strip())
    return failure
