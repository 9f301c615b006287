"""Run as a program: prints what gpuhunt lists for one provider, as CSV. Only here is that library imported."""

import csv
import os
import sys
from importlib import import_module

import gpuhunt

COLUMNS = (
    "instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "gpu_memory", "gpu_vendor", "spot",
    "cpu_arch", "flags",
)  # fmt: skip
LIVE = {"digitalocean": "DigitalOceanProvider", "seeweb": "SeewebProvider", "vastai": "VastAIProvider"}


def main(provider: str) -> int:
    """Print the provider's items; 1 and a line on stderr where they cannot be had."""
    catalog = gpuhunt.Catalog(balance_resources=False, auto_reload=False)
    try:
        if provider in LIVE:
            os.environ.pop("GPUHUNT_CATALOG_DIR", None)
            catalog.add_provider(getattr(import_module(f"gpuhunt.providers.{provider}"), LIVE[provider]).from_env())
        items = catalog.query(provider=provider)
    except Exception as error:  # whatever the library or the network under it raises ends as one line
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}\n")
        return 1
    table = csv.writer(sys.stdout)
    table.writerow(COLUMNS)
    for item in items:
        cells = {column: getattr(item, column) for column in COLUMNS}
        cells["gpu_vendor"] = item.gpu_vendor.value if item.gpu_vendor else ""
        cells["cpu_arch"], cells["flags"] = item.cpu_arch.value, " ".join(item.flags)
        table.writerow(["" if value is None else value for value in cells.values()])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
