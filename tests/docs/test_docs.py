"""The documentation is true: its code runs, its commands print what it shows, its links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from aiqa.config import parse_config
from examples.breast_cancer import train

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/.-]+\.(?:py|toml))\b")
VARYING = re.compile(r"\d{8}T\d{6}-\w+|\bin \d[\d.,]* (?:ms|s|min)\b|/[\w/.-]*(?=\.aiqa/)|\b[0-9a-f]{32}\b")
OUTSIDE = ("AIQA", "FRAUD_MONTH", "PYTEST_", "MLFLOW_", "DD_", "GITHUB_", "CI")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that its first line names, if it does."""
        found = FILE.match(self.text)
        return found[1] if found else None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], text[: found.start()].count("\n") + 2) for found in BLOCK.finditer(text)
    ]


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture(scope="session")
def tumours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained example that the README's check is about."""
    folder = tmp_path_factory.mktemp("trained")
    train.main(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path, tumours: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a reader would work in, with some orders and a check that passes."""
    rng = np.random.default_rng(0)
    is_fraud = rng.random(3000) < 0.2
    scores = {
        name: 1 / (1 + np.exp(-(gain * is_fraud + rng.normal(-1, 1, 3000))))
        for name, gain in {"score": 2.5, "old_score": 2.0}.items()
    }
    country = rng.choice(["BR", "DE"], 3000)
    channel, amount = rng.choice(["app", "web"], 3000), rng.lognormal(5, 1, 3000)
    sliced = {"country": country, "channel": channel, "amount": amount}
    frame = pl.DataFrame({"is_fraud": is_fraud, **sliced, **scores})
    frame.write_parquet(tmp_path / "orders.parquet")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\nversion = '1'\n")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "check_rows.py").write_text(
        "import aiqa\n"
        "orders = aiqa.dataset('orders', 'orders.parquet')\n"
        "@aiqa.check(orders, tier='smoke')\n"
        "def orders_came():\n"
        "    yield aiqa.expect.table_row_count_to_be_between(min_value=100)\n"
    )
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "breast_cancer").symlink_to(tumours)
    monkeypatch.chdir(tmp_path)
    # What the page imports under a name of its own must not stay for other tests.
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("aiqa_checks", "check_")):
            del sys.modules[name]


def test_a_page_does_what_it_says(page: Path, project: Path) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        if block.file:
            write(project / block.file, block.text)
        elif block.kind == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
        elif block.kind == "pycon":
            run_session(block.text, names, where)
        elif block.kind == "console":
            run_commands(block.text, project, where)
    for test in sorted(project.glob("tests/test_*.py")) + sorted(project.glob("checks/check_*.py")):
        run_commands(f"$ pytest --aiqa --aiqa-no-publish {test.relative_to(project)}", project, page.name)


def write(file: Path, text: str) -> None:
    """Write what a page shows as a file; several blocks of one TOML file are one after another."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".toml":
        table = tomllib.loads(text).get("tool", {}).get("aiqa", {})
        assert parse_config(table, file.name)
    file.write_text(text)


def run_session(text: str, names: dict[str, Any], where: str) -> None:
    session = doctest.DocTestParser().get_doctest(text, names, where, where, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    runner.run(session, out=told.append, clear_globs=False)
    names.update(session.globs)
    assert not runner.failures, "".join(told)


def run_commands(text: str, project: Path, where: str) -> None:
    """Run each ``$ command``; the lines below it, but for "...", must be in what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        printed = lines_of(shell(command, project, where))
        missing = [line for line in lines_of("\n".join(shown)) if line != "..." and line not in printed]
        assert not missing, f"{where}: {command} does not print\n" + "\n".join([*missing, "but", *printed])


def shell(command: str, project: Path, where: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
    env = clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{where}: {command}\n{done.stdout}{done.stderr}"
    return done.stdout


def lines_of(text: str) -> list[str]:
    return [VARYING.sub("~", line).rstrip() for line in text.splitlines() if line.strip()]


def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [found for found in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in found]
    broken = [target for target in targets if not (page.parent / target.partition("#")[0]).exists()]
    assert not broken


def test_every_page_is_found() -> None:
    assert len(PAGES) > 8
    assert blocks(ROOT / "docs" / "tutorial.md")
