"""`bundle`: all that stix is made of in one archive."""

from pathlib import Path

import click

from stix.cli import options, output


@click.command("bundle")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.tar.gz")
@click.option(
    "--wheels",
    type=click.Path(file_okay=False, path_type=Path),
    help="Take wheels from a folder, fetch none.",
)
@click.option("--no-wheels", is_flag=True, help="Leave Python packages out.")
@options.as_output
def bundle(file: Path, wheels: Path | None, no_wheels: bool, form: str) -> int:
    """Pack agent, collection, wheels and catalog into one archive, for sites without a way out.

    manifest.json and sha256sums in it have the hash of every file, README what to do with it.

    \b
    Examples:
      stix bundle stix.tar.gz
      stix bundle stix.tar.gz --wheels dist
    """
    from stix.api.content import bundle as pack

    manifest = pack(file, wheels=wheels, with_wheels=not no_wheels)
    if form == "json":
        output.as_json(manifest)
    else:
        click.echo(f"{file}: {len(manifest['files'])} files, {file.stat().st_size / 2**20:.1f} MiB")
    return 0
