"""Whatever rows a source yields, those that are left make a database, and hold what was promised of them."""

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stix.catalog import overlay
from stix.catalog.build import Row, write_database
from stix.catalog.sources.sift import MOST, sift

FIGURE = st.one_of(
    st.none(),
    st.sampled_from([0.0, -1.0, math.nan, math.inf, 1e9]),
    st.floats(0.01, 50),
    st.sampled_from([1.0, 2.0, 4.0]),
)
NAME = st.sampled_from(["", "a.large", "n1-standard-4", "n1-standard-8", "TPU-VM", "line\nbreak", "a;b", "x" * 300])
ROW = st.builds(
    Row,
    cloud=st.just("gcp"),
    name=NAME,
    region=st.sampled_from(["", "us", "eu"]),
    price=FIGURE,
    spot=FIGURE,
    cpus=FIGURE,
    memory=FIGURE,
    accelerator=st.sampled_from([None, None, "T4", "A100"]),
    count=FIGURE,
    device_memory=FIGURE,
    arch=st.sampled_from([None, "x86_64", "arm64"]),
    disks=st.sampled_from([None, (1, 250.0, "nvme")]),
    zones=st.sampled_from([(), ("us-a",), ("us-b",), ("us-a", "us-b"), ("us-a", "us-a")]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_what_is_left_can_be_written_and_believed(rows: list[Row]) -> None:
    sifted = sift(rows)
    for row in sifted.rows:
        assert row.price is not None and 0 < row.price <= MOST
        assert row.spot is None or 0 < row.spot <= row.price
        assert row.name or row.accelerator
        assert row.accelerator is None or (row.count or 0) > 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gcp.sqlite"
        write_database(path, sifted.rows, "test", "2026-11-22")
        found = overlay.current([path], "gcp")
    # Accelerators that are priced alone are joined to their hosts; every other row is found as it was.
    for row in sifted.rows:
        for zone in (row.zones or ("",)) if row.name else ():
            priced = found[row.name, row.accelerator or "", row.count or 0.0, row.region, zone]
            assert (priced.price, priced.spot) == (row.price, row.spot)
