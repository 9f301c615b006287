"""What a word that is not valid was meant to be: a slip of the pen, another program's word, a key of another level."""

from collections.abc import Iterable, Iterator

from stix.spec.document import Path, dotted
from stix.spec.schema.key import Key

_CLOSE = 0.6
"""Likeness from which a word is taken for a slip of the pen; below it a list of valid words helps more."""

_CLOSE_ELSEWHERE = 0.8
"""The same for a word that would be valid at another place."""

MEANT = {
    "command": "run", "commands": "run", "cmd": "run", "script": "run", "entrypoint": "run", "args": "run",
    "environment": "envs", "env_vars": "envs", "variables": "envs",
    "nodes": "num_nodes", "node_count": "num_nodes", "instances": "num_nodes",
    "mounts": "file_mounts", "files": "file_mounts", "working_dir": "workdir", "code": "workdir",
    "image": "image_id", "docker_image": "image_id", "container": "image_id", "docker": "image_id", "ami": "image_id",
    "gpu": "accelerators", "gpu_type": "accelerators", "tpu": "accelerators", "tpus": "accelerators",
    "machine_type": "instance_type", "vm_size": "instance_type", "flavor": "instance_type",
    "spot": "use_spot", "preemptible": "use_spot", "ram": "memory", "mem": "memory", "vcpus": "cpus",
    "disk": "disk_size", "tags": "labels", "max_price": "max_hourly_cost", "idle_minutes_to_autostop": "autostop",
    "spot_recovery": "job_recovery", "tier": "disk_tier",
    "cluster": "infra", "where": "infra", "provider": "infra",
}  # fmt: skip
"""Words of other programs, and what they are called here."""

_ALIKE = str.maketrans(
    "аеорсухіјѕԁһӏқкмтвнАВЕКМНОРСТХІЅЈαοενικρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhlkkmtbhABEKMHOPCTXISJaoevikptuxABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that look like Latin ones."""


def near_word(word: str, known: Iterable[str], cutoff: float = _CLOSE) -> str:
    """The known word that is most like this one, or an empty string."""
    by_plain = {_plain(each): each for each in known}
    plain = _plain(word)
    if plain in by_plain:
        return by_plain[plain]
    import difflib  # costs what parsing a whole task costs, and only a mistake needs it

    near = difflib.get_close_matches(plain[:60], by_plain, n=1, cutoff=cutoff)
    return by_plain[near[0]] if near else ""


def hint_for_key(name: str, key: Key, root: Key) -> str:
    """What to do about a key that does not belong into the map that `key` describes."""
    public = [each for each in key.keys if not each.startswith("_")]
    plain, places = _plain(name), _everywhere(root)
    meant = MEANT.get(plain, "")
    strange = _strange_letter(name) if plain in public or plain in places else ""
    near = near_word(name, public)
    if strange:
        return f"{strange}; did you mean '{plain}'?"
    if plain in public:
        return f"did you mean '{plain}'?"
    if plain in places and len(places[plain]) <= 1:
        return f"it belongs {_owner(places[plain])}"
    if meant in public:
        return f"here it is called '{meant}'"
    if near:
        return f"did you mean '{near}'?"
    if meant in places:
        return f"it belongs {_owner(places[meant])} and is called '{meant}' there"
    far = plain if plain in places else near_word(name, places, _CLOSE_ELSEWHERE)
    if far:
        return f"did you mean '{far}', which belongs {_owner(places[far])}?"
    return f"valid here: {', '.join(each for each in public if key.keys[each].example)}"


def _plain(word: str) -> str:
    """As keys are written: no capitals, dashes, odd spaces, or letters of other scripts that only look like Latin."""
    if not word.isascii():
        import unicodedata

        word = unicodedata.normalize("NFKC", word).translate(_ALIKE)
        word = "".join(sign for sign in word if unicodedata.category(sign) not in ("Cf", "Mn"))
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def _strange_letter(name: str) -> str:
    import unicodedata

    for place, sign in enumerate(name, start=1):
        if not sign.isascii():
            known = unicodedata.name(sign, f"U+{ord(sign):04X}").lower()
            return f"its letter {place} is '{known}' (U+{ord(sign):04X})"
    return ""


def _owner(path: Path) -> str:
    return f"under '{dotted(path)}'" if path else "at the top of the file"


def _everywhere(root: Key) -> dict[str, Path]:
    """Every key of a schema and where it belongs; of several places the one nearest to the top."""
    places: dict[str, Path] = {}
    level: list[tuple[Path, Key]] = [((), root)]
    while level:
        for path, key in level:
            for name in key.keys:
                if not name.startswith("_"):
                    places.setdefault(name, path)
        level = [deeper for path, key in level for deeper in _below(path, key)]
    return places


def _below(path: Path, key: Key) -> Iterator[tuple[Path, Key]]:
    for name, child in key.keys.items():
        if child.keys:
            yield (*path, name), child
