"""Which infrastructures machines can be had on now."""


def enabled_clouds(workspace: str | None = None, expand: bool = False) -> list[str]:
    """Names of clouds that the last `check` found good, `ssh` with an enabled pool; asks nobody.

    Args:
        workspace: accepted for SkyPilot's callers; there is one.
        expand: single places (`ssh/rack`, `docker/gpu-box`) instead of clouds.
    """
    from stix.api.status import open_store

    store = open_store()
    places = {row["infra"] for row in store.infras() if row["ok"]}
    places |= {f"ssh/{host['pool']}" for host in store.hosts() if host["state"] == "ready"}
    return sorted(places if expand else {place.partition("/")[0] for place in places})
