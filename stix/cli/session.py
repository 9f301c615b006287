"""One `stix up` at a terminal: plan, question, progress, interruption."""

from collections.abc import Callable
from typing import Any

import click

from stix.cli import prompts
from stix.cli.launch import FAILOVER, finish
from stix.cli.plan_view import render
from stix.cli.progress import Progress
from stix.errors import StixError


class Launch:
    """A launch with the command line's options (`given`), remembering what it decided."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.in_words = given["form"] != "json"
        self.progress = Progress(quiet=not self.in_words)
        self.plan: dict[str, Any] = {}
        self.declined = False
        self.cluster = ""

    def run(self, task: Any) -> int:
        """Launch the task and follow its log; returns the job's status."""
        return self._follow(lambda: self._launch(task))

    def run_saved(self, file: str) -> int:
        """Carry out a saved plan and follow its job's log; returns the job's status."""
        from stix.api import plans
        from stix.cli.saved_plans import secrets

        values = secrets(self.given)
        return self._follow(lambda: plans.launch_saved(file, values, on_event=self.progress, confirm=self._confirm))

    def _follow(self, launch: Callable[[], tuple[int | None, Any]]) -> int:
        self.progress.open()
        try:
            job_id, handle = launch()
            self.cluster = handle.cluster_name
        except (KeyboardInterrupt, StixError) as error:
            if self.declined or getattr(error, "code", "interrupted") != "interrupted":
                raise
            raise self._interrupted() from None
        finally:
            self.progress.close()
        return finish(self._cluster, job_id, self.given, self.progress)

    @property
    def _cluster(self) -> str:
        return str(self.cluster or self.plan.get("cluster") or self.given["cluster"] or self.progress.cluster)

    def _launch(self, task: Any) -> tuple[int | None, Any]:
        from stix.api import clusters

        given = self.given
        return clusters.launch(
            task,
            given["cluster"],
            retry_until_up=given["retry_until_up"],
            idle_minutes_to_autostop=given["idle_minutes_to_autostop"],
            wait_for=given["wait_for"],
            down=given["down"],
            no_setup=given["no_setup"],
            fast=given["fast"],
            lifetime_minutes=given["lifetime_minutes"],
            optimize_target=given["minimize"],
            **{name: given[name] for name in FAILOVER},
            on_event=self.progress,
            confirm=self._confirm,
        )

    def _confirm(self, plan: Any) -> bool:
        """Show the plan and ask; the driver calls this before it makes or starts anything."""
        self.plan = plan.to_dict()
        if self.in_words:
            self.progress.close()
            click.echo(render(self.plan), err=True)
        agreed = prompts.confirm("Go on?", default=True, yes=self.given["yes"])
        self.declined = not agreed
        if agreed:
            self.progress.open()
        return agreed

    def _interrupted(self) -> StixError:
        """After Ctrl-C while machines are made: keep or remove them, then the error to end with."""
        self.progress.close()
        name = self._cluster
        if "provision" not in self.progress.started:
            return StixError("interrupted", "interrupted; nothing was made")
        from stix.api.clusters import open_store

        if name not in open_store().cluster_names():
            return StixError(
                "interrupted", "interrupted; nothing is left of it", hint=f"'stix why {name}' says what was tried"
            )
        hint = f"'stix repair {name}' goes on from here, 'stix down {name}' removes it"
        kept = StixError("interrupted", f"interrupted; cluster {name!r} is kept as it is", hint=hint)
        if self.plan.get("action") != "create" or not prompts.has_terminal():
            return kept
        try:
            if prompts.ask(f"\nKeep what there is of cluster {name!r}?", default=True):
                return kept
            self._remove(name)
        except KeyboardInterrupt:
            return kept
        return StixError("interrupted", f"interrupted; cluster {name!r} was removed")

    def _remove(self, name: str) -> None:
        from stix.api import clusters

        with Progress(quiet=not self.in_words) as progress:
            clusters.down(name, on_event=progress)
