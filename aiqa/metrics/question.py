"""What a family of metrics is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from aiqa.declare.folded import Folded
from aiqa.declare.metric import Metric, SliceBy
from aiqa.errors import MetricError, nearest
from aiqa.metrics.table import ModelColumns, ScoredTable
from aiqa.scan.expr import call, col
from aiqa.scan.statistics import Binned, Common, SliceKey, Slicer, Statistic
from aiqa.stats.inference import Inference


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same rows.

    Parameters
    ----------
    gain : Inference
        By how much the challenger is better: positive is better, also for losses.
    challenger, champion : float
        The metric of each, in its own unit.
    known : float, optional
        The p-value, where it does not come from the bounds: McNemar's exact one, for shares.
    """

    gain: Inference
    challenger: float
    champion: float
    known: float | None = None

    @property
    def p_value(self) -> float:
        """Two-sided, of no difference: by inverting the bounds of the gain, where no other is known."""
        if self.known is not None:
            return self.known
        return min(1.0, 2 * min(self.gain.p_value(0.0, "greater"), self.gain.p_value(0.0, "less")))


def compared(gain: Inference, challenger: float, champion: float, p_value: float | None = None) -> Comparison:
    """Return a comparison, with the p-value of its gain where no other is known."""
    return Comparison(gain, challenger, champion, p_value)


@dataclass(frozen=True, slots=True)
class Question:
    """One metric of one scored table."""

    metric: Metric
    table: ScoredTable

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def option(self) -> dict[str, Any]:
        return self.metric.options.as_dict()

    @property
    def point(self) -> dict[str, Any]:
        return self.metric.point.as_dict()

    @property
    def binary(self) -> bool:
        return self.table.task == "binary"

    @property
    def weight(self) -> str | None:
        return self.table.weight

    @property
    def cluster(self) -> str | None:
        return self.table.cluster

    @property
    def method(self) -> str | None:
        return self.metric.method

    @property
    def how(self) -> dict[str, Any]:
        """The method and the number of resamples that are asked for."""
        return {"method": self.metric.method, "replicates": self.metric.replicates}

    @property
    def champion(self) -> ModelColumns:
        if self.table.champion is None:
            raise MetricError(
                f"{self.metric!r} takes a champion, and the model declares none (for arrays: aiqa.compare)"
            )
        return self.table.champion

    def models(self, *, versus_champion: bool) -> tuple[ModelColumns, ...]:
        """The challenger's columns, and the champion's where they are compared."""
        return (self.table.challenger, self.champion) if versus_champion else (self.table.challenger,)

    def label_code(self) -> int:
        """The code of ``label=``; of the positive class of a binary task where it is not given.

        Raises
        ------
        MetricError
            If `label` is no class, or several classes are asked about as if they were one.
        """
        label, classes = self.option.get("label"), self.table.classes
        if label is None:
            if not self.binary:
                raise MetricError(
                    f"{self.name} of {len(classes)} classes needs label= (one class) or average= "
                    "('macro', 'weighted', 'each')"
                )
            return 1
        if label not in classes:
            known = nearest(str(label), map(str, classes))
            raise MetricError(f"{self.name}(label={label!r}): there is no such class{known}")
        return classes.index(label)


Parts = dict[SliceKey, Inference | MetricError]
Comparisons = dict[SliceKey, Comparison | MetricError]
States = tuple[Any, ...]
T = TypeVar("T")


class Family(Protocol):
    """How metrics of one kind are computed: which statistics, and what their states say."""

    def statistics(self, question: Question, *, versus_champion: bool) -> tuple[Statistic, ...]:
        """Return what must be computed in each slice."""
        ...

    def infer(self, question: Question, states: States, seed: int) -> Parts:
        """Return the inference of one slice: under ``()``, or one for each class."""
        ...

    def compare(self, question: Question, states: States, seed: int) -> Comparisons:
        """Return the comparison in one slice, in the same form."""
        ...


def slicer(slice_: SliceBy) -> Slicer:
    """Return how the scan makes slices of what is declared."""
    if isinstance(slice_, str):
        return slice_
    if isinstance(slice_, Folded):
        return Common(slice_.column, col(slice_.column), slice_.min_support)
    return Binned(slice_.column, call("bin", col(slice_.column), slice_.edges), slice_.labels)


CLASSIFICATION = ("binary", "multiclass")
REGRESSION = ("regression",)


@dataclass(frozen=True, slots=True)
class Spec:
    """What the catalogue knows of a metric.

    Parameters
    ----------
    tasks : tuple of str
        Where it is defined; none for metrics of data alone (``psi``), which have no family either.
    needs : {"prediction", "score"}
        What it needs of a model. Functions and scorers say so themselves.
    higher_is_better : bool
    family : Family or None
    rows : Family or None
        The same metric as a function of the weights of rows, where `family` is a special form: it answers
        where rows come in clusters, and by the methods that every function of weights has.
    labels : FunctionalFamily or None
        The same metric as a function of the weights of rows, of which averages over the labels of a
        multi-label task are made, where neither `rows` nor `family` is one.
    methods : tuple of str
        The names that ``method=`` may have, beside those of :data:`aiqa.stats.functional.METHODS`.
    """

    tasks: tuple[str, ...]
    needs: Literal["prediction", "score"]
    higher_is_better: bool
    family: Family | None
    rows: Family | None = None
    labels: Family | None = None
    methods: tuple[str, ...] = ()


def each_class(classes: Iterable[Any], answer: Callable[[int], T]) -> dict[SliceKey, T | MetricError]:
    """Answer for each class by itself, so that one that is undefined leaves the others alone."""
    answers: dict[SliceKey, T | MetricError] = {}
    for code, label in enumerate(classes):
        try:
            answers[(("class", label),)] = answer(code)
        except MetricError as error:
            answers[(("class", label),)] = error
    return answers
