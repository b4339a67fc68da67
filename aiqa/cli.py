"""``aiqa``: run checks without pytest, look at stored runs, send what could not be sent."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from aiqa import __version__
from aiqa.errors import AiqaError, EvidenceError

if TYPE_CHECKING:
    from aiqa.config import Config
    from aiqa.evidence.record import Evidence, HoldoutRecord
    from aiqa.publish.sink import Delivery, Sink
    from aiqa.runner.plan import PlannedGate

FORMATS = ("text", "json", "markdown", "html")


class _Commands(click.Group):
    """Errors that aiqa raises on purpose are messages, not tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AiqaError as error:
            raise _Refusal(str(error)) from error


class _Refusal(click.ClickException):
    exit_code = 2

    def format_message(self) -> str:
        from aiqa.publish.words import plain

        return "\n".join(map(plain, self.message.splitlines()))


@dataclass(frozen=True, slots=True)
class _Project:
    """Where the command was called: the project's root, its settings, its evidence."""

    root: Path
    config: Config

    @classmethod
    def here(cls, out: str | None) -> _Project:
        from aiqa.config import find_root, read_config

        root = find_root(Path.cwd())
        told = {"out": str(Path(out).resolve())} if out else {}
        return cls(root, read_config(root).model_copy(update=told))

    @property
    def out(self) -> Path:
        return self.root / self.config.out

    def sinks(self) -> list[Sink]:
        from aiqa.publish import enabled_sinks

        return enabled_sinks(self.config, os.environ, self.root)


_out = click.option(
    "--out", metavar="FOLDER", help="The folder of evidence. Default: [tool.aiqa] out, or .aiqa."
)
_verbose = click.option("-v", "--verbose", count=True, help="Explain every gate, with all its slices.")
_explain = click.option(
    "--explain", is_flag=True, help="Show the passes over each data set: statistics, bytes, rows and time."
)
_quiet = click.option("-q", "--quiet", is_flag=True, help="Only what needs attention.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aiqa")
def main() -> None:
    """Say next to the model what good means, prove it, publish it."""


@main.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--tier", type=click.Choice(["smoke", "pr", "full"]), help="Default: [tool.aiqa] tier.")
@click.option("--model", "models", multiple=True, metavar="[NAME=]MODEL", help="Check this model instead.")
@click.option("--no-publish", is_flag=True, help="Keep the evidence here; send nothing.")
@click.option("--no-cache", is_flag=True, help="Scan and score all anew; keep nothing for later runs.")
@click.option("--spark", is_flag=True, help="Let Spark read the files, in the active session or a local one.")
@_out
@_explain
@_verbose
@_quiet
def run(
    paths: tuple[str, ...],
    tier: str | None,
    models: tuple[str, ...],
    no_publish: bool,
    no_cache: bool,
    spark: bool,
    out: str | None,
    explain: bool,
    verbose: int,
    quiet: bool,
) -> None:
    """Run the checks in PATHS, or in the project's checks folder.

    Exits with 0 if nothing stops the run, with 1 if something does, and with 2 if it could not begin.
    """
    from aiqa.runner import run_project

    project = _Project.here(out)
    told: dict[str, Any] = {"root": project.root, "out": project.out, "publish": not no_publish}
    told |= {"cache": not no_cache, "spark": spark}
    done = run_project(paths, tier=tier, models=models, **told)
    _print(done.evidence, done.deliveries, done.folder, -1 if quiet else verbose, scans=explain)
    raise SystemExit(1 if done.evidence.stops else 0)


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--tier", type=click.Choice(["smoke", "pr", "full"]), help="Default: [tool.aiqa] tier.")
@click.option("--effect", "effects", multiple=True, metavar="[METRIC=]X", help="The distance that matters.")
@click.option("--power", type=float, default=0.8, show_default=True, help="How often it is to be seen.")
@click.option(
    "--disagreement", type=float, default=0.05, show_default=True, help="Rows that one model alone has right."
)
@click.option("--prevalence", type=float, help="Share of positives, where no data tell it.")
@click.option(
    "--design-effect", type=float, default=1.0, help="By what rows that belong together count less."
)
@click.option("--data", is_flag=True, help="Open the data: how many there are, and what they can show.")
@click.option("--explain", is_flag=True, help="Show the scans of each data set, and what is in each.")
@click.option("--model", "models", multiple=True, metavar="[NAME=]MODEL", help="Ask this model instead.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
def plan(
    paths: tuple[Path, ...],
    tier: str | None,
    effects: tuple[str, ...],
    data: bool,
    explain: bool,
    models: tuple[str, ...],
    form: str,
    **assumed: Any,
) -> None:
    """Tell how many rows each gate of the checks in PATHS takes to be decided.

    No data are opened, unless --data is given. With --explain: which scans a run would make of each data set,
    for which statistics; the columns are looked up and, with --data, the models asked.
    """
    if explain:
        _print_scans(paths, tier, models, form, data=data)
        return
    from aiqa.judge.plan import Assumptions
    from aiqa.runner.plan import plan_project

    project = _Project.here(None)
    assumptions = Assumptions(effects=dict(map(_effect, effects)), **assumed)
    planned = plan_project(
        paths, assumptions, root=project.root, config=project.config, tier=tier, data=data, models=models
    )
    _print_plans(planned, assumptions.power, form)


def _print_scans(
    paths: tuple[Path, ...], tier: str | None, models: tuple[str, ...], form: str, *, data: bool
) -> None:
    from aiqa.publish.words import plain
    from aiqa.runner.explain import explain_project, lines

    project = _Project.here(None)
    planned = explain_project(
        paths, root=project.root, config=project.config, tier=tier, models=models, data=data
    )
    if form == "json":
        click.echo(json.dumps([dataclasses.asdict(one) for one in planned], indent=2))
        return
    for line in lines(planned):
        text = line.lstrip()
        click.echo(" " * (len(line) - len(text)) + plain(text))


def _effect(text: str) -> tuple[str, float]:
    from aiqa.errors import ConfigError

    name, _, value = text.rpartition("=")
    try:
        effect = float(value)
    except ValueError:
        effect = 0.0
    if not 0 < effect < float("inf"):
        raise ConfigError(f"--effect {text}: write a distance above 0, as 0.02 or recall=0.02")
    return name, effect


def _print_plans(planned: Iterable[PlannedGate], power: float, form: str) -> None:
    from aiqa.judge.plan import heading
    from aiqa.publish.words import plain

    if form == "json":
        click.echo(json.dumps([one.to_json(power) for one in planned], indent=2))
        return
    for one in planned:
        click.echo(plain(f"{one.check}: {heading(one.gate, one.plan.confidence, power)}"))
        for sentence in one.plan.sentences():
            click.echo(f"  {plain(sentence)}")


@main.command()
@click.argument("data")
@click.option("--out", metavar="FILE", help="Default: check_NAME.py in the project's folder of checks.")
@click.option("--dataset", "name", metavar="NAME", help="What the data set is called. Default: as its file.")
@click.option("--owner", metavar="OWNER", help="Whom to call when the check fails.")
@click.option("--label", metavar="COLUMN", help="The column that holds the truth.")
@click.option("--force", is_flag=True, help="Write the file anew if it is there already.")
def suggest(data: str, **told: Any) -> None:
    """Write a check file to review, of expectations that DATA support: a path, or a glob in quotes.

    Four rows in five are profiled; what is suggested also holds on the fifth, and on all rows together.
    """
    from aiqa.publish.words import plain
    from aiqa.suggest import suggest_file

    project = _Project.here(None)
    path, found = suggest_file(data, root=project.root, config=project.config, **told)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    click.echo(f"{plain(shown)}: {found.summary}")
    if found.dataset.pii:
        click.echo(f"  may hold personal data: {plain(', '.join(found.dataset.pii))}")
    click.echo(f"  review it, then run: pytest --aiqa {plain(shown)}")


@main.command()
@click.argument("run", default="latest")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@_out
@_explain
@_verbose
@_quiet
def show(run: str, form: str, out: str | None, explain: bool, verbose: int, quiet: bool) -> None:
    """Show a RUN: an id, the beginning of one, `latest`, or the path of an evidence.json.

    Markdown is cut to what a comment on GitHub can hold.
    """
    evidence, folder = _find(run, out)
    if form == "text":
        _print(evidence, (), folder, -1 if quiet else verbose, scans=explain)
    else:
        click.echo(_WRITERS[form](evidence), nl=False)


def _find(run: str, out: str | None) -> tuple[Evidence, Path]:
    from aiqa.evidence.store import EVIDENCE_FILE, read, run_folder

    path = Path(run)
    if path.name == EVIDENCE_FILE or len(path.parts) > 1:
        return read(path, path.parent), path if path.is_dir() else path.parent
    home = _Project.here(out).out
    evidence = read(run, home)
    return evidence, run_folder(evidence.run_id, home)


def _print(
    evidence: Evidence, deliveries: Iterable[Delivery], folder: Path, verbosity: int, *, scans: bool
) -> None:
    from aiqa.publish.terminal import render

    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    width = shutil.get_terminal_size().columns
    render(evidence, deliveries, _echo, width=width, folder=shown, verbosity=verbosity, scans=scans)


def _echo(line: str, style: tuple[str, ...]) -> None:
    """Print a line in characters that the terminal has."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = line.encode(encoding, "backslashreplace").decode(encoding)
    colour = next((word for word in style if word != "bold"), None)
    click.secho(shown, fg=colour, bold="bold" in style or None)


def _json(evidence: Evidence) -> str:
    return evidence.model_dump_json(indent=2) + "\n"


def _markdown(evidence: Evidence) -> str:
    from aiqa.publish.github import COMMENT_LIMIT, markdown

    return markdown(evidence, COMMENT_LIMIT)


def _html(evidence: Evidence) -> str:
    from aiqa.publish.html import html

    return html(evidence)


_WRITERS: dict[str, Callable[[Evidence], str]] = {"json": _json, "markdown": _markdown, "html": _html}


@main.command("ls")
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many."
)
@_out
def ls(count: int, out: str | None) -> None:
    """List the stored runs, newest first."""
    from aiqa.evidence.store import runs

    home = _Project.here(out).out
    found = runs(home)
    if not found:
        raise EvidenceError(f"no runs in {home}: run `pytest --aiqa`, or name the folder with --out")
    width = max(map(len, found[:count]))
    for run_id in found[:count]:
        click.echo(f"{run_id:{width}}  {_summary(run_id, home)}")
    if len(found) > count:
        click.echo(f"and {len(found) - count:,} older")


def _summary(run_id: str, home: Path) -> str:
    from aiqa.evidence.store import read
    from aiqa.publish import words

    try:
        evidence = read(run_id, home)
    except EvidenceError as error:
        return words.plain(error)
    git = evidence.environment.git
    commit = f"  {git.commit[:8]}{'+' if git.dirty else ''}" if git else ""
    return f"{evidence.verdict:12}  {evidence.tier:5}  {words.counts_text(evidence)}{commit}"


@main.command()
def schema() -> None:
    """Print the JSON Schema of the evidence."""
    from aiqa.evidence.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@_out
def holdout(form: str, out: str | None) -> None:
    """List the data sets that have decided about models: how often, and what is left of their budget."""
    project = _Project.here(out)
    records = _worn(project)
    if form == "json":
        click.echo(json.dumps([record.model_dump(mode="json") for record in records], indent=2))
        return
    from aiqa.publish.words import holdout_text, plain

    for record in records:
        click.echo(f"{record.fingerprint[:12]}  {holdout_text(record)}")
        for told in filter(None, (record.message, record.problem)):
            click.echo(f"              {plain(told)}")
    if not records:
        click.echo("no data set has decided about a model yet")


def _worn(project: _Project) -> list[HoldoutRecord]:
    from aiqa.evidence.ledger import Ledger, ledger_file, record_of

    config = project.config
    ledger = Ledger(ledger_file(project.root, config))
    confidence = cast("float | None", config.policy_of(config.tier).confidence)
    holdouts = ledger.holdouts()
    return [record_of(one, config.holdout, confidence, damaged=ledger.damaged) for one in holdouts]


@main.command()
@_out
def push(out: str | None) -> None:
    """Send the runs that wait in the outbox. Exits with 1 while some still wait."""
    from aiqa.publish import Outbox
    from aiqa.publish import push as send

    project = _Project.here(out)
    deliveries = send(project.sinks(), Outbox(project.out))
    for delivery in deliveries:
        click.echo(_told(delivery))
    if not deliveries:
        click.echo("nothing waits to be sent")
    raise SystemExit(1 if any(delivery.waits for delivery in deliveries) else 0)


def _told(delivery: Delivery) -> str:
    from aiqa.publish.words import plain

    result = f"sent: {delivery.where}" if delivery.sent else f"not sent: {delivery.problem}"
    return plain(f"{delivery.run_id}: {delivery.sink} {result}")
