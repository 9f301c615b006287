"""`gpus list`: which accelerators there are, how many a machine has, and for how much."""

import click

from stix.cli import options
from stix.cli.main import CONTEXT
from stix.errors import UsageError


@click.group("gpus", context_settings=CONTEXT)
def gpus() -> None:
    """Accelerators and their prices, from the offline catalog.

    \b
    Examples:
      stix gpus list
      stix gpus list H100:8
    """


def _listing() -> click.Command:
    """A new command; the same one has two names."""

    @click.command("list", context_settings=CONTEXT)
    @click.argument("accelerator", required=False, metavar="[NAME[:COUNT]]")
    @click.option("-a", "--all", "everything", is_flag=True, help="The less common ones too, with their machines.")
    @click.option("--all-regions", is_flag=True, help="Each region, not only where a machine is cheapest.")
    @click.option("--infra", metavar="INFRA", help="Only there: aws, gcp/us-central1, ssh/rack.")
    @click.option("--region", help="Only in this region.")
    @click.option("--cloud", hidden=True, help="Only this cloud; --infra says the same.")
    @click.option("-v", "--verbose", is_flag=True, help="Also zones, and where each price is from.")
    @options.as_output
    def list_(
        accelerator: str | None,
        everything: bool,
        all_regions: bool,
        infra: str | None,
        region: str | None,
        cloud: str | None,
        verbose: bool,
        form: str,
    ) -> None:
        """Accelerators with the numbers of them that machines have; with a name, the machines and their prices.

        A name stands for all that it is part of, in upper or lower case: A100 lists A100-80GB, too, and the pattern
        '^A100$' does not. What is printed can be written in `accelerators` of a task file and in --gpus, where names
        count whole. Prices are dollars an hour in the cheapest region. A star marks a price that is older than 90 days,
        or than `max_age_days` of the config; 'stix catalog update' brings newer ones.

        \b
        Examples:
          stix gpus list
          stix gpus list A100
          stix gpus list H100:8 --all-regions
          stix gpus list L4 --infra gcp/us-central1 -o json
        """
        from stix.cli.gpu_views import Asked, show

        if infra and cloud:
            raise UsageError("usage", "--infra and --cloud say the same", hint="write --infra")
        asked = Asked.parse(accelerator, infra=infra or cloud, region=region)
        show(asked, everything=everything, all_regions=all_regions, verbose=verbose, form=form)

    return list_


gpus.add_command(_listing())
show_gpus = _listing()
show_gpus.name = "show-gpus"
