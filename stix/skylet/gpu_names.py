"""From what nvidia-smi prints to SkyPilot's accelerator names. Pure."""

from __future__ import annotations

import re

QUERY = "--query-gpu=name,memory.total"

# The order counts: what is longer or more special comes first.
_FAMILIES = (
    "GB300", "GB200", "GH200", "B300", "B200", "B100", "H200", "H100", "H800", "H20", "A800", "A100", "A10G",
    "A10", "A16", "A30", "A40", "L40S", "L40",
    "L20", "L4", "V100", "P100", "P40", "P4", "T4G", "T4", "K80", "M60", "M40", "M4",
)  # fmt: skip
_EXACT = {"T4G": "T4g"}
_WORKSTATION = re.compile(r"^(?:QUADRO )?RTX (PRO )?A?(\d{4})( ADA)?\b")


def parse(text: str) -> list[dict[str, object]]:
    """GPUs from the lines of `nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits`.

    Returns:
        `{name, memory_mib}` of every GPU, in nvidia-smi's order; `memory_mib` is 0 where it is not known.
    """
    found = []
    for line in text.splitlines():
        raw, comma, memory = line.rpartition(",")
        if not comma or not raw.strip() or raw.startswith("No devices"):
            continue
        digits = re.search(r"\d+", memory)
        mib = int(digits.group()) if digits else 0
        found.append({"name": normal_name(raw, mib), "memory_mib": mib})
    return found


def normal_name(raw: str, memory_mib: int = 0) -> str:
    """SkyPilot's name of a GPU: A100-80GB for "NVIDIA A100-SXM4-80GB". What is unknown keeps its name, with dashes."""
    text = re.sub(r"\s+", " ", raw.strip())
    text = re.sub(r"^(NVIDIA|Tesla|GRID)[ -]+", "", re.sub(r"^NVIDIA[ -]+", "", text, flags=re.I), flags=re.I).upper()
    for family in _FAMILIES:
        if re.search(rf"(?:^|[ -]){family}(?![0-9A-Z])", text) and not text.startswith(("GEFORCE", "RTX", "QUADRO")):
            return _variant(_EXACT.get(family, family), text, memory_mib)
    consumer = re.match(r"^(?:GEFORCE )?(RTX|GTX) ?(\d{3,4})(?: ?(TI))?(?: (SUPER))?(?: D)?\b", text)
    if consumer and (text.startswith("GEFORCE") or len(consumer.group(2)) == 4 and consumer.group(2)[1] != "0"):
        return "".join(part.capitalize() if part in ("TI",) else part for part in consumer.groups() if part)
    workstation = _WORKSTATION.match(text)
    if workstation:
        return _workstation(workstation, text)
    return re.sub(r"[ _]+", "-", text).replace("RTX-", "RTX") or "GPU"


def _variant(family: str, text: str, memory_mib: int) -> str:
    """Families that come with several sizes of memory or names."""
    size = int(found.group(1)) if (found := re.search(r"-(\d+)GB?\b", text)) else round(memory_mib / 1024)
    if family == "A100" and size > 60:
        return "A100-80GB"
    if family == "V100" and size > 24:
        return "V100-32GB"
    return family


def _workstation(found: re.Match[str], text: str) -> str:
    pro, number, ada = found.groups()
    if pro:
        return f"RTXPRO{number}"
    if ada:
        return f"RTX{number}-Ada"
    return f"A{number}" if re.search(rf"\bA{number}\b", text) else f"RTX{number}"
