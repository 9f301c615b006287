"""What a module that makes machines would change, in the form of Ansible's `diff`."""


def difference(**parts):
    """Ansible's `diff`: an entry for each part (`machines`, `ports`, `marks`) that has lines.

    Args:
        parts: part -> list of `(before, after)`, each one line of text.
    """
    return [
        {
            "before_header": part,
            "after_header": part,
            "before": "".join(before + "\n" for before, _ in lines),
            "after": "".join(after + "\n" for _, after in lines),
        }
        for part, lines in sorted(parts.items())
        if lines
    ]


def of_machines(missing, asleep, surplus):
    """Lines about machines.

    Args:
        missing: wanted nodes that are made, each with its `name`.
        asleep: `(name, state)` of those that are started.
        surplus: names or ids of those that are removed.
    """
    lines = [(node["name"] + ": not there", node["name"] + ": made and started") for node in missing]
    lines += [("%s: %s" % (name, state), name + ": running") for name, state in asleep]
    return lines + [(name + ": there", name + ": removed") for name in surplus]


def of_ports(have, want):
    """The line about open ports, if others are open than wanted; both as `8080` or `9000-9010`."""
    words = [", ".join(str(port) for port in ports) or "no port" for ports in (have, want)]
    return [(words[0] + " open", words[1] + " open")] if words[0] != words[1] else []


def of_marks(names):
    """Lines about tags or labels of things with these names."""
    return [(name + ": marked otherwise", name + ": marked as wanted") for name in names]
