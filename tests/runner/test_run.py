"""``aiqa.run`` decides what ``pytest --aiqa`` decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import aiqa
from aiqa.errors import ConfigError, DeclarationError
from aiqa.evidence.store import read

CHECKS = '''
import aiqa
import pytest
from aiqa import expect, metric

orders = aiqa.dataset("orders", "orders.parquet", label="y")
scores = aiqa.model("scores", aiqa.column(score="p"), task="binary")

@aiqa.check(orders, tier="smoke", owner="@ds")
def complete():
    """Orders are complete."""
    yield expect.column_values_to_not_be_null("y")

@pytest.mark.parametrize("low", [0.6, 0.99])
@aiqa.check(scores, orders)
def ranks(low):
    yield metric.roc_auc >= low

@pytest.mark.parametrize("column", ["p", "y"])
@aiqa.check(scores, orders, tier="full")
def in_range(column, data, model):
    assert data[column].max() <= 1
    assert model.predict(data).score is not None

@aiqa.check(orders, tier="full")
def wrong(data):
    assert data.height == 3, "three rows are expected"

@aiqa.check(orders, tier="full")
def broken(data):
    raise KeyError("price")

@aiqa.check(orders, tier="full")
def needs_pytest(tmp_path):
    pass

@aiqa.check(orders, tier="full")
def no_gate():
    yield 3
'''


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(5)
    y = rng.random(500) < 0.4
    p = np.clip(0.4 + 0.3 * (y - 0.4) + rng.normal(0, 0.15, 500), 0, 1)
    pl.DataFrame({"y": y.astype(int), "p": p}).write_parquet(tmp_path / "orders.parquet")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "check_orders.py").write_text(CHECKS)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n[tool.aiqa]\n')
    monkeypatch.chdir(tmp_path / "checks")
    return tmp_path


def verdicts(evidence: aiqa.Evidence) -> dict[str, str]:
    return {f"{check.name}[{gate.id}]": str(gate.verdict) for check, gate in evidence.gates}


def test_every_kind_of_check_comes_to_its_verdict(home: Path) -> None:
    evidence = aiqa.run()
    assert verdicts(evidence) == {
        "complete[column_values_to_not_be_null-y]": "pass",
        "ranks[0.6-roc_auc]": "pass",
        "ranks[0.99-roc_auc]": "fail",
        "in_range[p-in_range]": "pass",
        "in_range[y-in_range]": "pass",
        "wrong[wrong]": "fail",
        "broken[broken]": "error",
        "needs_pytest[needs_pytest]": "error",
        "no_gate[declaration]": "error",
    }
    assert evidence.verdict == "fail"
    assert evidence.project == "shop"
    assert {check.file for check in evidence.checks} == {"checks/check_orders.py"}


def test_the_evidence_is_kept(home: Path) -> None:
    evidence = aiqa.run(home / "checks" / "check_orders.py", tier="smoke")
    assert read("latest", home / ".aiqa") == evidence
    assert evidence.verdict == "pass"
    assert evidence.tier == "smoke"


def test_evidence_reads_well_in_a_notebook(home: Path) -> None:
    evidence = aiqa.run(tier="smoke")
    assert repr(evidence) == f"<Evidence {evidence.run_id}: pass; 1 pass>"
    assert str(evidence).splitlines()[1].split() == ["pass", "complete:", *repr_of_gate().split()]


def repr_of_gate() -> str:
    return repr(aiqa.expect.column_values_to_not_be_null("y").gate())


def test_it_may_be_kept_elsewhere(home: Path, tmp_path: Path) -> None:
    evidence = aiqa.run(home / "checks", tier="smoke", out=tmp_path / "kept", root=home)
    assert read(evidence.run_id, tmp_path / "kept") == evidence
    assert not (home / ".aiqa").exists()


def test_it_agrees_with_pytest(home: Path, pytester: pytest.Pytester) -> None:
    evidence = aiqa.run(tier="pr", root=home)
    done = pytester.runpytest_subprocess("--aiqa=pr", "-p", "no:randomly", "--rootdir", str(home), str(home))
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    by_pytest = read("latest", home / ".aiqa")
    assert verdicts(by_pytest) == verdicts(evidence)
    estimates = [[gate.estimate for _, gate in of.gates] for of in (evidence, by_pytest)]
    assert estimates[0] == estimates[1]


def test_nothing_found_is_not_green(home: Path) -> None:
    (home / "checks" / "check_orders.py").unlink()
    assert aiqa.run().verdict == "error"


def test_another_model_by_address(home: Path) -> None:
    evidence = aiqa.run(models=["scores=gone.skops"], tier="pr")
    assert verdicts(evidence)["ranks[0.6-roc_auc]"] == "error"
    with pytest.raises(ConfigError, match="no check has such a model"):
        aiqa.run(models=["score=gone.skops"])


def write_more(home: Path, body: str) -> Path:
    file = home / "more" / "check_more.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(CHECKS.partition("@aiqa.check")[0] + body)
    return file


def test_a_check_that_proves_nothing_does_not_pass(home: Path) -> None:
    file = write_more(
        home,
        """
@aiqa.check(scores, orders)
def returns(data):
    return metric.roc_auc >= 0.9999

@aiqa.check(scores, orders)
async def waits(data):
    assert False
""",
    )
    evidence = aiqa.run(file)
    assert verdicts(evidence) == {"returns[returns]": "error", "waits[waits]": "error"}
    assert ["a check yields its gates" in gate.reason for _, gate in evidence.gates] == [True, False]


def test_pytests_own_words_are_understood(home: Path) -> None:
    file = write_more(
        home,
        """
@aiqa.check(orders)
def skips(data):
    pytest.skip("no country yet")

@aiqa.check(orders)
def fails(data, limit=3):
    pytest.fail(f"more than {limit}")
""",
    )
    evidence = aiqa.run(file)
    assert verdicts(evidence) == {"skips[skips]": "skipped", "fails[fails]": "fail"}
    assert [gate.reason for _, gate in evidence.gates] == ["no country yet", "more than 3"]
    file.write_text("import pytest\npytest.skip('elsewhere', allow_module_level=True)\n")
    assert aiqa.run(file).verdict == "error"


def test_an_interrupt_ends_the_run(home: Path) -> None:
    file = write_more(home, "@aiqa.check(orders)\ndef stops(data):\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        aiqa.run(file)


def test_a_file_may_change_between_runs_of_one_process(home: Path) -> None:
    body = "@aiqa.check(orders)\ndef moves():\n    yield expect.column_to_exist('y')\n"
    assert aiqa.run(write_more(home, body)).verdict == "pass"
    assert aiqa.run(write_more(home, f"\n\n{body}")).verdict == "pass"


def test_a_file_is_run_once_and_those_of_others_never(home: Path) -> None:
    body = "@aiqa.check(orders)\ndef mine():\n    yield expect.column_to_exist('y')\n"
    file = write_more(home, body)
    for folder in (".hidden", "venv", "env/lib"):
        (home / "more" / folder).mkdir(parents=True)
        (home / "more" / folder / "check_other.py").write_text("1 / 0\n")
    (home / "more" / "env" / "pyvenv.cfg").touch()
    assert len(aiqa.run([file.parent, file]).gates) == 1


def test_checks_of_one_name_in_two_files(home: Path) -> None:
    text = (home / "checks" / "check_orders.py").read_text()
    (home / "checks" / "check_second.py").write_text(text)
    evidence = aiqa.run(tier="smoke")
    assert [str(gate.verdict) for _, gate in evidence.gates] == ["pass", "error"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda _: "nowhere", ConfigError, "there is no nowhere"),
        (
            lambda home: home / "broken",
            DeclarationError,
            "check_bad.py cannot be imported: ZeroDivisionError",
        ),
    ],
)
def test_what_cannot_be_loaded_is_named(
    home: Path, make: object, error: type[Exception], message: str
) -> None:
    (home / "broken").mkdir()
    (home / "broken" / "check_bad.py").write_text("1 / 0\n")
    with pytest.raises(error, match=message):
        aiqa.run(make(home))  # type: ignore[operator]


def test_modules_of_model_code(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (home / "checks" / "check_orders.py").read_text().replace("def complete", "def sold")
    (home / "model_code.py").write_text(text)
    (home / "pyproject.toml").write_text('[tool.aiqa]\nmodules = ["model_code"]\nchecks = ["none"]\n')
    monkeypatch.syspath_prepend(str(home))
    assert "sold[column_values_to_not_be_null-y]" in verdicts(aiqa.run(tier="smoke"))
    (home / "pyproject.toml").write_text('[tool.aiqa]\nmodules = ["no_model_code"]\n')
    with pytest.raises(ConfigError, match="cannot import 'no_model_code'"):
        aiqa.run()
