"""What a decision reads: the user's folder and what is recorded there. Imports nothing that acts."""

from stix.state.home import Home
from stix.state.store import Store


class Ledger:
    """The user's folder and database."""

    def __init__(self, home: Home | None = None) -> None:
        self.home = (home or Home()).ensure()
        self.store = Store(self.home.database)
