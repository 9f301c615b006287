"""Azure's public Retail Prices API: on-demand and spot, page by page, region by region; sizes come from the catalog."""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

from stix.catalog.build import Row
from stix.catalog.sources.known import Known
from stix.catalog.sources.web import SourceError, Web

BASE = "https://prices.azure.com/api/retail/prices"
VERSION = "api-version=2023-01-01-preview"
AT_ONCE = 8
MOST_PAGES = 500
OTHER_PRODUCTS = re.compile(r"\bWin(dows)?\b|Cloud ?Services|Dedicated")
"""Windows licences, the classic cloud services and whole hosts are priced under the same size names."""


class Azure:
    """The Retail Prices API."""

    name = "azure"
    clouds = frozenset({"azure"})
    base = BASE

    def fetch(self, cloud: str, known: Known, web: Web, base: str) -> Iterable[Row]:
        """Linux rows of every region that the catalog knows, for the sizes it knows.

        Raises:
            SourceError: a page cannot be had.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            regions = pool.map(lambda region: list(_items(region, web, base)), sorted(known.regions))
            return [row for items in regions for row in rows_of(items, known)]


def _items(region: str, web: Web, base: str) -> Iterator[Mapping[str, Any]]:
    """Every price of a region; the next page is asked of the same address, also when a mirror serves it."""
    wanted = f"serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and armRegionName eq '{region}'"
    query = f"{VERSION}&$filter={quote(wanted)}"
    for _ in range(MOST_PAGES):
        page = web.json(f"{base}?{query}")
        items = page.get("Items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            raise SourceError(f"the prices of {region} have another form than expected")
        yield from (item for item in items if isinstance(item, dict))
        following = urlsplit(page.get("NextPageLink") or "").query
        if not following or not items:
            return
        if following == query:
            raise SourceError(f"the prices of {region} have a page that follows itself")
        query = following
    raise SourceError(f"the prices of {region} have more than {MOST_PAGES} pages")


def rows_of(items: Iterable[Mapping[str, Any]], known: Known) -> Iterator[Row]:
    """Rows from prices; a size's spot price is an item of its own. A size that is not known has no row."""
    prices: dict[tuple[str, str], dict[bool, tuple[bool, float]]] = {}
    for item in items:
        if _counts(item):
            place = str(item["armSkuName"]), str(item["armRegionName"]).lower()
            spot = "Spot" in str(item.get("skuName")) or "Spot" in str(item.get("meterName"))
            price = bool(item.get("isPrimaryMeterRegion")), float(item["retailPrice"])
            kinds = prices.setdefault(place, {})
            kinds[spot] = max(kinds.get(spot, price), price)
    for (size, region), kinds in sorted(prices.items()):
        machine = known.machines.get(size)
        if machine is not None:
            yield Row(
                cloud="azure",
                name=size,
                region=region,
                price=kinds[False][1] if False in kinds else None,
                spot=kinds[True][1] if True in kinds else None,
                zones=known.zones.get((size, region), ()),
                **machine._asdict(),
            )


def _counts(item: Mapping[str, Any]) -> bool:
    """Whether an item is the hourly Linux price of a size."""
    return (
        bool(item.get("armSkuName"))
        and bool(item.get("armRegionName"))
        and isinstance(item.get("retailPrice"), int | float)
        and item.get("unitOfMeasure") == "1 Hour"
        and item.get("type") == "Consumption"
        and item.get("currencyCode", "USD") == "USD"
        and not OTHER_PRODUCTS.search(str(item.get("productName")))
        and "Low Priority" not in str(item.get("skuName"))
    )
