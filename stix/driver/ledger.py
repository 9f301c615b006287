"""What a decision reads: the user's folder, what is recorded there, the settings. Imports nothing that acts."""

from functools import cached_property

from stix.config.layers import load_layers
from stix.config.tree import Config, merge
from stix.driver.settings import Settings, settings_of
from stix.state.home import Home
from stix.state.store import Store


class Ledger:
    """The user's folder, database and settings."""

    def __init__(self, home: Home | None = None) -> None:
        self.home = (home or Home()).ensure()
        self.store = Store(self.home.database)

    @cached_property
    def config(self) -> Config:
        """Every layer of settings, read once.

        Raises:
            UsageError: `config.invalid`.
        """
        return merge(load_layers(self.home.config_file))

    def use(self, config: Config) -> None:
        """Have other settings hold from now on."""
        self.__dict__["config"] = config
        self.__dict__.pop("settings", None)

    @cached_property
    def settings(self) -> Settings:
        """What of them is followed."""
        return settings_of(self.config)
