"""Makes `ansible_collections.stix.core` importable from the checkout."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([str(Path(__file__).parents[3] / "collections")])
