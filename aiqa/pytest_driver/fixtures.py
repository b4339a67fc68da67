"""What tests and free-form checks ask for by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from aiqa.declare.check import Check
from aiqa.declare.gate import Gate
from aiqa.errors import DeclarationError, MetricError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from aiqa.scan.model import LoadedModel
    from aiqa.session import Session
    from aiqa.stats.inference import Estimate


class Recorder:
    """The ``aiqa`` fixture: numbers of a plain test, recorded and gated on.

    Works without ``--aiqa`` as well; the evidence is kept only with it.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def log(self, name: str, value: float) -> None:
        """Record a number under a name: in the evidence, MLflow and JUnit.

        Raises
        ------
        MetricError
            If it is not a finite number.
        """
        number = float(value)
        if not math.isfinite(number):
            raise MetricError(f"aiqa.log({name!r}, ...) takes a finite number, not {value!r}")
        from aiqa.pytest_driver.outcome import log

        log(self._item, str(name), number)
        self._item.user_properties.append((f"aiqa.{name}", number))

    def require(
        self, gate: Gate, y_true: Any, y_pred: Any = None, *, sample_weight: Any = None, **data: Any
    ) -> Estimate:
        """Decide a gate on arrays, record it, and fail the test where its verdict blocks.

        Parameters
        ----------
        gate : Gate
            As ``metric.roc_auc >= 0.9``.
        y_true : array of shape (n,)
        y_pred : array of shape (n,) or (n, k)
            What the metric needs: scores for ROC AUC and its like, predictions for others. Both can be
            given by name, ``y_pred=`` and ``y_score=``.
        sample_weight : array of shape (n,), optional
        **data
            As for :func:`aiqa.evaluate`.

        Returns
        -------
        Estimate
            With the bounds that the gate was judged by.
        """
        from aiqa.pytest_driver.required import require

        return require(self._item, gate, y_true, y_pred, sample_weight=sample_weight, **data)


class SubjectFixtures:
    """``model`` and ``data`` of the check that asks for them."""

    @pytest.fixture(scope="session")
    @classmethod
    def aiqa_spark(cls, request: pytest.FixtureRequest) -> SparkSession:
        """The Spark session: the active one, or a local one that is stopped at the end of the run."""
        plugin: Any = request.config.pluginmanager.get_plugin("aiqa-session")
        return plugin.session.subjects.spark()

    @pytest.fixture
    def data(self, request: pytest.FixtureRequest) -> Any:
        """The rows of the check's data set: as a Polars frame, or on Spark as its DataFrame."""
        session, check = _subjects(request)
        return session.subjects.data_of(check)

    @pytest.fixture
    def model(self, request: pytest.FixtureRequest) -> LoadedModel:
        """The check's model, loaded: ``model.predict(frame)`` gives its predictions and scores."""
        session, check = _subjects(request)
        return session.subjects.model_of(check)


def _subjects(request: pytest.FixtureRequest) -> tuple[Session, Check]:
    from aiqa.pytest_driver.collect import item_check

    plugin: Any = request.config.pluginmanager.get_plugin("aiqa-session")
    check = item_check(request.node)
    if check is None:
        raise DeclarationError(
            f"the fixture {request.fixturename!r} of aiqa serves checks (@aiqa.check(model, dataset)); "
            "a plain test needs its own"
        )
    return plugin.session, plugin.session.check(check)
