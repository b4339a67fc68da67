from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from aiqa.evidence import environment as module
from aiqa.evidence.environment import ci_record, environment, git_record, installed

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=feature/x")
    (tmp_path / "a.py").write_text("1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_it_says_what_a_second_run_needs(tmp_path: Path) -> None:
    found = environment(tmp_path, 7, ["/usr/bin/pytest", "--aiqa", "--token=abc"], {})
    assert found.python.endswith(platform.python_version())
    assert found.platform.startswith(platform.system())
    assert found.libraries["numpy"] == np.__version__
    assert found.command == ("pytest", "--aiqa", "--token=***")
    assert (found.seed, found.git, found.ci) == (7, None, None)


def test_a_module_that_was_run_is_named() -> None:
    found = environment(Path.cwd(), 0, ["/lib/python3/site-packages/pytest/__main__.py", "-q"], {})
    assert found.command == ("pytest", "-q")
    assert environment(Path.cwd(), 0, [], {}).command == ()


def test_libraries_are_looked_up_and_not_imported() -> None:
    code = (
        "import sys; from pathlib import Path; from aiqa.evidence.environment import environment;"
        "found = environment(Path('.'), 0, ['x']).libraries;"
        "assert 'scikit-learn' in found, found;"
        "heavy = {'sklearn', 'scipy', 'polars', 'pandas', 'mlflow'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_absent_libraries_are_left_out() -> None:
    assert installed(["numpy", "no-such-library"]) == {"numpy": metadata.version("numpy")}


@needs_git
def test_the_commit_and_its_branch(checkout: Path) -> None:
    found = git_record(checkout, {})
    assert found is not None
    assert found.commit == git(checkout, "rev-parse", "HEAD")
    assert (found.branch, found.dirty) == ("feature/x", False)


@needs_git
@pytest.mark.parametrize(("file", "content"), [("a.py", "2\n"), ("new.py", "")])
def test_a_changed_or_unknown_file_makes_it_dirty(checkout: Path, file: str, content: str) -> None:
    (checkout / file).write_text(content)
    found = git_record(checkout, {})
    assert found is not None
    assert found.dirty


@needs_git
def test_an_ignored_file_does_not(checkout: Path) -> None:
    (checkout / "out").mkdir()
    (checkout / "out" / ".gitignore").write_text("*\n")
    found = git_record(checkout, {})
    assert found is not None
    assert not found.dirty


@needs_git
def test_a_detached_head_has_the_branch_of_the_pipeline(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "--detach")
    found, told = git_record(checkout, {}), git_record(checkout, {"GITHUB_HEAD_REF": "feature/y"})
    assert found is not None
    assert told is not None
    assert (found.branch, told.branch) == (None, "feature/y")


@needs_git
def test_no_commit_is_no_record(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert git_record(tmp_path, {}) is None


def test_without_git_there_is_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_record(Path.cwd(), {}) is None


def test_a_git_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(slow))
    monkeypatch.setattr(module, "GIT_TIMEOUT", 0.2)
    began = time.perf_counter()
    assert git_record(tmp_path, {}) is None
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("variables", "provider", "url"),
    [
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
            },
            "GitHub Actions",
            "https://github.com/a/b/actions/runs/7",
        ),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "https://gl/a/-/jobs/7"}, "GitLab CI", "https://gl/a/-/jobs/7"),
        ({"JENKINS_URL": "https://j/", "BUILD_URL": "https://j/job/7/"}, "Jenkins", "https://j/job/7/"),
        ({"CIRCLECI": "true", "CIRCLE_BUILD_URL": "https://c/7"}, "CircleCI", "https://c/7"),
        (
            {
                "TF_BUILD": "True",
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/o/",
                "SYSTEM_TEAMPROJECT": "p",
                "BUILD_BUILDID": "7",
            },
            "Azure Pipelines",
            "https://dev.azure.com/o/p/_build/results?buildId=7",
        ),
        ({"BUILDKITE": "true", "BUILDKITE_BUILD_URL": "https://b/7"}, "Buildkite", "https://b/7"),
        ({"CI": "true"}, "other", None),
        ({"GITLAB_CI": "true"}, "GitLab CI", None),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "javascript:alert(1)"}, "GitLab CI", None),
        ({"JENKINS_URL": "x", "BUILD_URL": "https://u:pw@j/7"}, "Jenkins", "https://***@j/7"),
    ],
)
def test_pipelines_are_recognised(variables: dict[str, str], provider: str, url: str | None) -> None:
    found = ci_record(variables)
    assert found is not None
    assert (found.provider, found.url) == (provider, url)


def test_a_desk_is_no_pipeline() -> None:
    assert ci_record({"HOME": "/root", "CI": ""}) is None
