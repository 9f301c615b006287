"""How far a transfer is, from a log that is being written."""

import json
from pathlib import Path

from stix.driver.transfer import last_statistics, progress


def test_the_last_whole_line_counts(tmp_path: Path) -> None:
    log = tmp_path / "rclone.log"
    assert last_statistics(log) == {} and progress({}) == ""
    first = {"stats": {"bytes": 1, "totalBytes": 2, "transfers": 0}}
    stats = {"bytes": 3 * 2**29, "totalBytes": 5 * 2**30, "transfers": 340, "speed": 118.4 * 2**20, "eta": 33}
    log.write_text(
        f'{json.dumps(first)}\n{json.dumps({"stats": stats})}\n{{"level": "error", "msg": "x"}}\n{{"stats": {{"by'
    )
    assert last_statistics(log) == stats
    assert progress(stats) == "340 files, 1.5 of 5.0 GiB, 118 MiB/s, 33 s left"
    assert progress({"bytes": 0, "totalBytes": 2**20, "transfers": 1}) == "1 file, 0.0 of 1.0 MiB"
