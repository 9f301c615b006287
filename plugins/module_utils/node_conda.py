"""Miniforge on a node, and one environment. Pure."""

ENVIRONMENT = "%s/envs/%s"


def plan(facts, wish):
    """Steps that make a node so.

    Args:
        facts: `arch, paths` (those of `wanted_paths` that exist).
        wish: `mirror, version, prefix, checksum, environment, python, packages, channel`.
    """
    prefix, version = wish["prefix"], wish["version"]
    steps = []
    if prefix + "/bin/conda" not in facts["paths"]:
        name = "Miniforge3-%s-Linux-%s.sh" % (version, facts["arch"])
        url = "%s/%s/%s" % (wish["mirror"].rstrip("/"), version, name)
        installer = prefix + ".installer.sh"
        # The publisher lays the sum beside the file: against a broken download; `checksum` is against a broken mirror.
        sums = {"sha256": wish["checksum"]} if wish.get("checksum") else {"sums": url + ".sha256"}
        steps += [
            dict({"do": "download", "url": url, "path": installer}, **sums),
            {"do": "command", "words": ["/bin/sh", installer, "-b", "-u", "-p", prefix]},
            {"do": "remove", "path": installer},
        ]
    environment = wish.get("environment")
    if environment and ENVIRONMENT % (prefix, environment) not in facts["paths"]:
        words = [prefix + "/bin/conda", "create", "-y", "-q", "-n", environment]
        words += ["--override-channels", "-c", wish["channel"]]
        words += ["python=%s" % wish["python"] if wish.get("python") else "python", *list(wish.get("packages") or [])]
        steps.append({"do": "command", "words": words})
    return steps


def wanted_paths(wish):
    """Paths whose existence has to be known."""
    environment = wish.get("environment")
    return [wish["prefix"] + "/bin/conda"] + ([ENVIRONMENT % (wish["prefix"], environment)] if environment else [])
