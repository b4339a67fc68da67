"""What users import: a closed list, loaded at first use, and cheap."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import aiqa
from aiqa.errors import AiqaError, MissingExtraError, nearest, require_extra

HEAVY = {"numpy", "polars", "narwhals", "pandas", "pyarrow", "pydantic", "pytest", "rich", "scipy", "sklearn"}


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert aiqa.__all__ == sorted(aiqa.__all__)
    for name in aiqa.__all__:
        assert getattr(aiqa, name) is not None
    assert set(aiqa.__all__) <= set(dir(aiqa))


def test_the_statistics_are_plain_functions_by_name() -> None:
    from aiqa import stats

    assert stats.__all__ == sorted(stats.__all__)
    assert set(stats.__all__) == set(stats._HOME) <= set(dir(stats))
    assert all(callable(getattr(stats, name)) for name in stats.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        stats.nothing  # noqa: B018


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aiqa.nothing  # noqa: B018


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nimport json; print(json.dumps([m.partition('.')[0] for m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_and_declaring_loads_nothing_heavy() -> None:
    declare = (
        "import aiqa\n"
        "gate = aiqa.metric.roc_auc.no_worse_than(aiqa.champion)\n"
        "data = aiqa.dataset('d', 'd.parquet')\n"
        "model = aiqa.model('m', 'm.skops', task='binary')\n"
        "@aiqa.check(model, data)\n"
        "def c():\n    yield gate\n    yield aiqa.expect.column_to_exist('a')\n"
        "aiqa.from_json(gate.to_json())"
    )
    assert not loaded_by(declare) & HEAVY


def test_the_plugins_shell_loads_nothing_but_pytest() -> None:
    assert not loaded_by("import pytest, aiqa.pytest_plugin") & (HEAVY - {"pytest"})


def test_running_trivial_checks_loads_neither_scikit_learn_nor_scipy_stats() -> None:
    code = (
        "import aiqa\n"
        "aiqa.evaluate(['accuracy', 'roc_auc', 'log_loss'], y_true=[0, 1] * 50, y_score=[0.1, 0.9] * 50)\n"
        "import polars\n"
        "aiqa.validate(polars.DataFrame({'a': [1]}), [aiqa.expect.column_to_exist('a')])\n"
        "assert 'scipy.stats' not in sys.modules"
    )
    assert not loaded_by(code) & {"sklearn", "pandas", "mlflow", "datadog", "great_expectations"}


def test_metrics_of_a_small_table_load_no_scipy() -> None:
    code = (
        "import aiqa\n"
        "names = ['accuracy', 'precision', 'recall', 'f1', 'roc_auc', 'brier', 'log_loss']\n"
        "score = [((7 * row) % 100) / 100 for row in range(100)]\n"
        "aiqa.evaluate(names, y_true=[0, 1] * 50, y_score=score)\n"
        "aiqa.evaluate('mae', y_true=[row / 3 for row in range(100)], y_pred=score)"
    )
    assert not loaded_by(code) & {"scipy", "sklearn"}


def test_a_missing_extra_is_one_line_with_the_command() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require_extra("no_such_module_here", "mlflow", "publishing to MLflow")
    assert str(caught.value) == (
        "publishing to MLflow needs no_such_module_here: pip install 'pytest-aiqa[mlflow]'"
    )
    assert isinstance(caught.value, AiqaError)
    assert isinstance(caught.value, ImportError)


def test_a_broken_library_is_not_called_missing(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "half_installed.py").write_text("import its_own_dependency\n")  # type: ignore[operator]
    with pytest.raises(ModuleNotFoundError, match="its_own_dependency") as caught:
        require_extra("half_installed", "all", "this")
    assert not isinstance(caught.value, MissingExtraError)


def test_require_extra_gives_the_module() -> None:
    assert require_extra("json", "all", "this") is json


def test_nearest_says_nothing_of_nothing() -> None:
    assert nearest("a", []) == ""


def test_the_version_is_told_by_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aiqa", "--version"], capture_output=True, text=True, check=False
    )
    assert aiqa.__version__ in done.stdout
