"""Where a run happened: interpreter, libraries, commit, pipeline, command line."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiqa.evidence.masking import mask, mask_arguments
from aiqa.evidence.record import CiRecord, EnvironmentRecord, GitRecord

GIT_TIMEOUT = 5.0
LIBRARIES = (
    "catboost",
    "datadog",
    "duckdb",
    "great-expectations",
    "lightgbm",
    "mlflow",
    "mlflow-skinny",
    "narwhals",
    "numpy",
    "onnxruntime",
    "pandas",
    "polars",
    "pyarrow",
    "pyspark",
    "pytest",
    "pytest-aiqa",
    "scikit-learn",
    "scipy",
    "skops",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
)

_CI: tuple[tuple[str, str, str], ...] = (
    (
        "GITHUB_ACTIONS",
        "GitHub Actions",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    ),
    ("GITLAB_CI", "GitLab CI", "{CI_JOB_URL}"),
    ("JENKINS_URL", "Jenkins", "{BUILD_URL}"),
    ("CIRCLECI", "CircleCI", "{CIRCLE_BUILD_URL}"),
    (
        "TF_BUILD",
        "Azure Pipelines",
        "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
    ),
    ("BUILDKITE", "Buildkite", "{BUILDKITE_BUILD_URL}"),
)
_BRANCHES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BRANCH_NAME",
    "CIRCLE_BRANCH",
    "BUILD_SOURCEBRANCHNAME",
    "BUILDKITE_BRANCH",
)


def environment(
    root: Path, seed: int, argv: Sequence[str], environ: Mapping[str, str] | None = None
) -> EnvironmentRecord:
    """Describe this process, without its secrets.

    Parameters
    ----------
    root : Path
        The project's root, in whose git checkout the code is.
    seed : int
        Of every bootstrap of the run.
    argv : sequence of str
        The command line, program first; secrets are masked.
    environ : mapping, optional
        Where the pipeline's variables are looked up. Default: ``os.environ``.
    """
    variables = os.environ if environ is None else environ
    return EnvironmentRecord(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        libraries=installed(LIBRARIES),
        command=_command(argv),
        seed=seed,
        git=git_record(root, variables),
        ci=ci_record(variables),
    )


def installed(names: Sequence[str]) -> dict[str, str]:
    """Return the versions of those of these distributions that are installed, importing none.

    Read off the names of their ``.dist-info`` folders, ``<name>-<version>`` as the wheel format fixes it:
    parsing all that metadata costs more than the rest of the record.
    """
    versions: dict[str, str] = {}
    for folder in filter(os.path.isdir, sys.path):
        for entry in os.listdir(folder):  # noqa: PTH208 - thousands of names, no paths wanted
            name, dash, version = entry.removesuffix(".dist-info").partition("-")
            if dash and entry.endswith(".dist-info"):
                versions.setdefault(name.lower().replace("_", "-"), version)
    return {name: versions[name] for name in names if name in versions}


def ci_record(environ: Mapping[str, str]) -> CiRecord | None:
    """Return which pipeline runs this process, and the address of its build; None on a desk."""
    for variable, provider, address in _CI:
        if environ.get(variable):
            return CiRecord(provider=provider, url=_address(address, environ))
    return CiRecord(provider="other", url=None) if environ.get("CI") else None


def git_record(root: Path, environ: Mapping[str, str]) -> GitRecord | None:
    """Return the commit of `root`; None without git, outside a checkout, or before a first commit.

    A file that git does not know, and does not ignore, makes the checkout dirty: the commit does not
    describe it. The branch of a detached head is the one that the pipeline names.
    """
    status = _git_status(root)
    headers = dict(line[2:].split(" ", 1) for line in status if line.startswith("# branch."))
    commit, branch = headers.get("branch.oid", "(initial)"), headers.get("branch.head", "(detached)")
    if commit == "(initial)":
        return None
    dirty = any(not line.startswith("#") for line in status)
    named = _ci_branch(environ) if branch == "(detached)" else branch
    return GitRecord(commit=commit, branch=named, dirty=dirty)


def _git_status(root: Path) -> list[str]:
    git = shutil.which("git")
    if git is None:
        return []
    # No optional locks: a commit that somebody makes meanwhile must not meet ours.
    command = [git, "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(root)]
    command += ["status", "--porcelain=v2", "--branch"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; `root` is one argument, never a shell's
            command,
            capture_output=True,
            timeout=GIT_TIMEOUT,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.decode(errors="replace").splitlines()


def _ci_branch(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in _BRANCHES if environ.get(name)), None)


def _address(template: str, environ: Mapping[str, str]) -> str | None:
    try:
        address = mask(template.format_map(environ))
    except KeyError:
        return None
    return address if address.startswith(("https://", "http://")) else None


def _command(argv: Sequence[str]) -> tuple[str, ...]:
    if not argv:
        return ()
    program = Path(argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return (name, *mask_arguments(argv[1:]))
