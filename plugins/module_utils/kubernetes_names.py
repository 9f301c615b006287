"""Names and sizes as Kubernetes takes them."""

import hashlib
import re

UNITS = {
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "m": 1e-3,
    "n": 1e-9,
    "u": 1e-6,
}


def object_name(text, limit=50):
    """A DNS label for any text: itself where it is one, else a like one that no other text has."""
    plain = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", text.lower())).strip("-")
    if plain == text and len(text) <= limit and text[:1].isalpha():
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    plain = plain if plain[:1].isalpha() else "x" + plain
    return "%s-%s" % (plain[: limit - 9].strip("-"), mark)


def label_value(text):
    """A label's value for any text; what does not fit is left out, the whole text belongs into an annotation."""
    return re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", re.sub(r"[^A-Za-z0-9._-]+", "-", str(text))[:63])


def quantity(text):
    """A quantity as a number: `500m` -> 0.5, `2Gi` -> 2147483648; 0 for none."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text or "0"))
    return float(found.group(1)) * UNITS.get(found.group(2), 1) if found else 0.0
