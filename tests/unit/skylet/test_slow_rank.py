"""A rank whose supervisor takes long to start is waited for as long as its process lives."""

import os
import time

from stix.skylet import rankstate
from stix.skylet.home import read_json
from stix.skylet.ranks import SPAWN_SECONDS, Ranks


def test_a_rank_that_is_slow_to_start_is_not_lost(home, starts_with):
    starts_with("time.sleep(3)", agent=False)
    os.makedirs(home.ranks)
    told = []
    ranks = Ranks(home, read_json(home.config), lambda key, state: told.append(state))
    key = (1, "run", 0)
    order = {"job_id": 1, "phase": "run", "rank": 0, "script": "true", "env": {}, "devices": None}
    ranks.start({**order, "workdir": str(home.root), "prefix": "", "shared": False, "main_log": ""})
    path = ranks.path(key)
    rankstate.write(path, {**rankstate.read(path), "asked_at": time.time() - 2 * SPAWN_SECONDS})
    ranks.poll()
    assert all("exit_code" not in state for state in told)
    os.waitpid(ranks.spawned[key], 0)
    ranks.poll()
    assert told[-1]["lost"]
