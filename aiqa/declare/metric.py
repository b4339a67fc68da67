"""A metric: a named quantity, whose comparison with a number is a gate."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any, Unpack, cast

from aiqa.declare.bucket import Bucket
from aiqa.declare.folded import Folded
from aiqa.declare.gate import (
    AtLeast,
    AtMost,
    BetterThan,
    Between,
    Champion,
    Gate,
    NoWorseThan,
    UsualSettings,
    Within,
    make_usual,
)
from aiqa.declare.search import Search
from aiqa.declare.values import Declaration, FunctionRef, Pairs, declaration, freeze
from aiqa.errors import DeclarationError, nearest

SliceBy = str | Bucket | Folded
"""What slices are made by: a column's values, ranges of numbers, or its frequent values."""
AVERAGES = ("macro", "weighted", "micro", "each")
_SHARE = (0.0, 1.0)
_POSITIVE = (0.0, math.inf)
_ANY = (-math.inf, math.inf)
_SIGNED = (-1.0, 1.0)
_CLASSES = ("average", "label")
_BINNED = ("average", "binning", "bins", "label")
_ENDS = ("champion", "lower", "upper")
_QUERIES = ("k", "query")
_KINDS: dict[str, tuple[tuple[float, float], tuple[str, ...]]] = {
    **dict.fromkeys(("precision", "recall", "f1", "average_precision"), (_SHARE, _CLASSES)),
    "pr_auc": (_SHARE, (*_CLASSES, "points")),
    "roc_auc": (_SHARE, (*_CLASSES, "max_fpr")),
    **dict.fromkeys(("specificity", "npv", "fpr", "jaccard"), (_SHARE, _CLASSES)),
    **dict.fromkeys(("accuracy", "balanced_accuracy", "hamming_loss"), (_SHARE, ())),
    **dict.fromkeys(("negative_flips", "positive_flips"), (_SHARE, ())),
    "fbeta": (_SHARE, (*_CLASSES, "beta")),
    "approval_rate": (_SHARE, ("label",)),
    "mcc": (_SIGNED, ()),
    "cohen_kappa": (_SIGNED, ("weights",)),
    "expected_cost": (_ANY, ("costs",)),
    **dict.fromkeys(("log_loss", "mae", "mse", "rmse", "mape", "median_absolute_error"), (_POSITIVE, ())),
    **dict.fromkeys(("brier", "smape"), ((0.0, 2.0), ())),
    "mase": (_POSITIVE, ("period",)),
    **dict.fromkeys(("pinball", "absolute_error_quantile"), (_POSITIVE, ("q",))),
    "mean_error": (_ANY, ()),
    "r2": ((-math.inf, 1.0), ()),
    "psi": (_POSITIVE, ("bins", "column", "reference")),
    **dict.fromkeys(("js_distance", "cramers_v"), (_SHARE, ("bins", "column", "reference"))),
    "ks": (_SHARE, ("column", "reference")),
    "wasserstein": (_POSITIVE, ("column", "reference")),
    **dict.fromkeys(("ece", "mce", "brier_reliability", "brier_resolution"), (_SHARE, _BINNED)),
    "brier_uncertainty": (_SHARE, _CLASSES),
    "brier_skill": ((-math.inf, 1.0), _CLASSES),
    **dict.fromkeys(
        ("calibration_slope", "calibration_intercept", "calibration_in_the_large"),
        (_ANY, (*_CLASSES, "clip")),
    ),
    "spiegelhalter_z": (_POSITIVE, _CLASSES),
    "hosmer_lemeshow": (_POSITIVE, (*_CLASSES, "groups")),
    "interval_coverage": (_SHARE, _ENDS),
    "interval_width": (_POSITIVE, _ENDS),
    "winkler": (_POSITIVE, ("alpha", *_ENDS)),
    "crps": (_POSITIVE, ("champion", "fair", "members", "quantiles", "scale")),
    "ndcg": (_SHARE, ("gain", *_QUERIES)),
    **dict.fromkeys(
        ("mean_average_precision", "mrr", "hit_rate", "precision_at", "recall_at"), (_SHARE, _QUERIES)
    ),
    "latency": (_POSITIVE, ("calls", "quantile", "rows", "seconds")),
    "throughput": (_POSITIVE, ("calls", "rows", "seconds")),
    **dict.fromkeys(("peak_memory", "cold_start"), (_POSITIVE, ("processes", "rows", "seconds"))),
    "model_size": (_POSITIVE, ()),
    **dict.fromkeys(("function", "scorer"), (_ANY, ())),
}
"""Of each metric, the values that it can take and the options that it has beside ``method``."""
OF_BOTH = ("negative_flips", "positive_flips")
"""Metrics that are of the model and its champion together."""
OF_DATA = ("psi", "js_distance", "cramers_v", "ks", "wasserstein")
"""Metrics of a column against what it is in a reference, without a model."""
OF_RESOURCES = ("latency", "throughput", "peak_memory", "model_size", "cold_start")
"""Metrics of the time and the memory that a model takes, which no table of answers holds."""
OPERATING_POINTS = ("threshold", "top", "fpr", "recall", "precision")


@declaration
class Metric(Declaration):
    """A named quantity of a model on a data set: a declaration, computed later.

    Comparing it gives a :class:`~aiqa.declare.gate.Gate`: ``metric.roc_auc >= 0.9``. Two metrics are
    equal when they say the same.
    """

    name: str
    options: Pairs = Pairs()
    point: Pairs = Pairs()
    slices: tuple[SliceBy, ...] = ()
    method: str | None = None
    replicates: int | None = None
    search: Search | None = None

    def __call__(
        self, *args: Any, method: str | None = None, replicates: int | None = None, **options: Any
    ) -> Metric:
        """Return this metric with options, as ``metric.f1(average="macro")``.

        Parameters
        ----------
        method : str, optional
            How its interval is made, by its usual name, as ``metric.recall(method="wilson")``. Default: the
            method whose measured error holds; ``docs/reference/metrics.md`` lists them.
        replicates : int, optional
            How many resamples a bootstrap takes, from 100 up, as in
            ``metric.r2(method="bca", replicates=5000)``. Default 2000; 500 calls of a function of one's own.
        **options
            Of this metric.

        Raises
        ------
        DeclarationError
            If the metric has no such option.
        """
        if args and self.name == "function":
            raise DeclarationError(f"{self.id} is a metric now: its function is {self.id}.function(...)")
        if len(args) > (self.name in OF_DATA):
            raise DeclarationError(f"{self.name} takes its options by name, not {args[-1]!r}")
        options = {**dict(zip(("column",), args, strict=False)), **options}
        known = options_of(self.name)
        for option in options:
            if option not in known:
                raise DeclarationError(f"{self.name} has no option {option!r}{nearest(option, known)}")
        averages = (*AVERAGES, "ovo") if self.name == "roc_auc" else AVERAGES
        if options.get("average", "each") not in averages:
            raise DeclarationError(
                f"average= must be one of {', '.join(averages)}, not {options['average']!r}"
            )
        if not isinstance(method, str | None):
            raise DeclarationError(f"method= is the name of a method, not {method!r}")
        if replicates is not None and not _is_resamples(replicates):
            raise DeclarationError(f"replicates= is a number of resamples, from 100 up, not {replicates!r}")
        if self.name in OF_RESOURCES:
            _check_resources(self.name, options, method or replicates)
        told = freeze({**self.options.as_dict(), **options}, self.name)
        return dataclasses.replace(
            self, options=told, method=method or self.method, replicates=replicates or self.replicates
        )

    def at(self, *, per: str | None = None, **point: float) -> Metric:
        """Return this metric at an operating point of the model.

        Parameters
        ----------
        per : str, optional
            With ``top``: the budget is for each value of this column, or each ``"day"``, ``"week"`` or
            ``"month"`` of the data set's time column.
        **point : float
            One of ``threshold=`` (a score), ``top=`` (so many highest scores), ``fpr=`` or
            ``precision=`` (the lowest threshold, by the observed rows, that keeps it), ``recall=`` (the
            highest that keeps it).

        Raises
        ------
        DeclarationError
            If there is not exactly one point, or its value is impossible.

        Examples
        --------
        >>> from aiqa import metric
        >>> metric.precision.at(top=500)
        precision.at(top=500)
        """
        if len(point) != 1 or next(iter(point)) not in OPERATING_POINTS:
            raise DeclarationError(
                f"{self.name}.at() takes exactly one of {', '.join(f'{p}=' for p in OPERATING_POINTS)}"
            )
        kind, value = next(iter(point.items()))
        self._refuse_parts("operating point")
        _check_point(kind, value)
        if per is not None and kind != "top":
            raise DeclarationError("per= goes with top= alone: a budget for each day or group")
        told = {**point, **({} if per is None else {"per": per})}
        return dataclasses.replace(self, point=freeze(told, f"{self.name}.at()"))

    def by(self, *columns: SliceBy) -> Metric:
        """Return this metric in each slice: each value (or combination of values) of `columns`.

        The gate is judged over all slices as one family.

        Parameters
        ----------
        *columns : str, Bucket or Folded
            Names of columns; ``aiqa.bucket("amount", [100, 1000])`` for ranges of numbers,
            ``aiqa.folded("merchant", min_support=200)`` for columns of many values.
        """
        self._refuse_parts("slices")
        return dataclasses.replace(self, slices=_sliced(f"{self.name}.by()", columns), search=None)

    def by_any(self, *columns: SliceBy, depth: int = 2, min_support: int = 50) -> Metric:
        """Return this metric in whichever slices by `columns`, or by crosses of them, are weak.

        They are looked for on one half of the rows and judged on the other, so that what was found by
        looking at many slices is not believed for that; see :mod:`aiqa.session.weak`. A failure warns, unless
        a check or the gate says ``severity="block"``.

        Parameters
        ----------
        *columns : str, Bucket or Folded
            As for :meth:`by`. Numbers of more than 20 different values are cut at the quintiles of the half
            that is searched, unless they are buckets.
        depth : int, default 2
            Of how many of the columns a slice may be crossed.
        min_support : int, default 50
            How many rows of the half that is searched a slice must have.

        Raises
        ------
        DeclarationError
            If no column is named, a number is impossible, or it is a metric of data without a model.

        Examples
        --------
        >>> from aiqa import metric
        >>> metric.recall.by_any("country", "channel", "amount") >= 0.5
        recall.by_any('country', 'channel', 'amount') >= 0.5
        """
        if self.name in OF_DATA:
            raise DeclarationError(f"weak slices are those of a model, and {self.name} is of data alone")
        self._refuse_parts("slices")
        return dataclasses.replace(
            self, slices=_sliced(f"{self.name}.by_any()", columns), search=Search(depth, min_support)
        )

    def _refuse_parts(self, what: str) -> None:
        if self.name in OF_RESOURCES:
            raise DeclarationError(f"{self.name} has no {what}: it is of the model as a whole")

    def between(self, low: float, high: float) -> Gate:
        """Require the metric to lie in [low, high]."""
        bounds = _possible(self.name, low), _possible(self.name, high)
        if bounds[0] > bounds[1]:
            raise DeclarationError(f"between(low, high) needs low <= high, not {low} and {high}")
        return Gate(self, Between(*bounds))

    @property
    def needs_champion(self) -> bool:
        """Whether it is of the model and its champion together."""
        return self.name in OF_BOTH

    def no_worse_than(self, baseline: Champion, *, margin: float = 0.0) -> Gate:
        """Require at most `margin` of loss against the baseline, judged on the same rows.

        Parameters
        ----------
        baseline : aiqa.champion
        margin : float, default 0
            The allowed loss, in the metric's own unit; whether larger is better, the metric knows.
        """
        return Gate(self._comparable(), NoWorseThan(_baseline(baseline), _margin(margin)))

    def better_than(self, baseline: Champion, *, margin: float = 0.0) -> Gate:
        """Require a gain of at least `margin` on the baseline, judged on the same rows."""
        return Gate(self._comparable(), BetterThan(_baseline(baseline), _margin(margin)))

    def _comparable(self) -> Metric:
        if self.needs_champion:
            raise DeclarationError(f"{self.name} is a comparison itself: write metric.{self.name} <= 0.01")
        return self

    def within(self, baseline: Champion, *, margin: float) -> Gate:
        """Require a difference of at most `margin` from the baseline, either way, judged on the same rows.

        Both bounds of the difference must lie inside the margin, each at the gate's confidence: two one-sided
        tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).

        Examples
        --------
        >>> import aiqa
        >>> aiqa.metric.recall.within(aiqa.champion, margin=0.02)
        recall within 0.02 of the champion
        """
        if not _margin(margin) > 0:
            raise DeclarationError("within() needs a margin above 0: no data prove that two models are equal")
        return Gate(self, Within(_baseline(baseline), float(margin)))

    def as_usual(self, **settings: Unpack[UsualSettings]) -> Gate:
        """Require the value to lie where earlier runs put it.

        Parameters
        ----------
        **settings
            ``runs=``, ``at_least=``, ``false_alarms=``, ``margin=``, ``since=``: those of
            :class:`~aiqa.declare.gate.AsUsual`, which says what they do.

        Raises
        ------
        DeclarationError
            If a setting is unknown or impossible, or the metric is one of slices.

        Examples
        --------
        >>> from aiqa import metric
        >>> metric.recall.as_usual(margin=0.01)
        recall as usual
        """
        if self.slices or self.options.as_dict().get("average") == "each":
            raise DeclarationError(f"{self.name}.as_usual() is of a single value, not of each slice")
        return Gate(self, make_usual(settings))

    def __ge__(self, threshold: float) -> Gate:
        return Gate(self, AtLeast(_possible(self.name, threshold)))

    def __gt__(self, threshold: float) -> Gate:
        return Gate(self, AtLeast(_possible(self.name, threshold), strict=True))

    def __le__(self, threshold: float) -> Gate:
        return Gate(self, AtMost(_possible(self.name, threshold)))

    def __lt__(self, threshold: float) -> Gate:
        return Gate(self, AtMost(_possible(self.name, threshold), strict=True))

    @property
    def function(self) -> Callable[..., float]:
        """The function that ``metric(f)`` or ``@aiqa.metric`` was given.

        Raises
        ------
        AttributeError
            If it is the metric of none.
        """
        found: Any = self.options.as_dict().get("of")
        if self.name != "function":
            raise AttributeError(f"{self.name} is no metric of a function of one's own")
        while isinstance(found, Metric | FunctionRef):
            found = found.load() if isinstance(found, FunctionRef) else found.function
        return cast("Callable[..., float]", found)

    @property
    def id(self) -> str:
        """A stable name, fit for a pytest id, an MLflow key and a file."""
        parts = [self._subject()]
        parts += [f"{key}={value}" for key, value in self.point.items]
        by = "by" if self.search is None else "by_any"
        parts += ["-".join([by, *map(column_of, self.slices)])] if self.slices else []
        return re.sub(r"[^\w.=+-]+", "_", "-".join(parts))

    def _subject(self) -> str:
        options = self.options.as_dict()
        if self.name == "function":
            return str(options["of"]).rpartition(":")[2].rpartition(".")[2]
        if self.name == "scorer":
            return str(options["of"])
        told = [f"{key}={getattr(value, 'name', value)}" for key, value in options.items()]
        return "-".join([self.name, *told])

    def __repr__(self) -> str:
        text = self._subject() if self.name in ("function", "scorer") else self.name
        options = {k: v for k, v in self.options.as_dict().items() if k != "of"}
        options |= {} if self.method is None else {"method": self.method}
        options |= {} if self.replicates is None else {"replicates": self.replicates}
        text += _call(options) if options else ""
        text += ".at" + _call(self.point.as_dict()) if self.point.items else ""
        return text + (self._sliced_by() if self.slices else "")

    def _sliced_by(self) -> str:
        columns = ", ".join(map(repr, self.slices))
        if self.search is None:
            return f".by({columns})"
        usual = vars(Search())
        told = [f"{name}={value}" for name, value in vars(self.search).items() if value != usual[name]]
        return f".by_any({', '.join([columns, *told])})"


def options_of(name: str) -> tuple[str, ...]:
    """Return the options that a metric has beside ``method``."""
    return _KINDS[name][1] if name in _KINDS else _CLASSES


def _sliced(where: str, columns: tuple[SliceBy, ...]) -> tuple[SliceBy, ...]:
    if not columns or not all(isinstance(column, SliceBy) for column in columns):
        raise DeclarationError(
            f"{where} takes the names of columns, or aiqa.bucket(...), or aiqa.folded(...)"
        )
    return columns


def column_of(slice_: SliceBy) -> str:
    """Return the column that a slice is made by."""
    return slice_ if isinstance(slice_, str) else slice_.column


def _number(value: Any) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__") or not math.isfinite(value):
        raise DeclarationError(f"a metric is compared with a finite number, not with {value!r}")
    return float(value)


def _possible(name: str, threshold: Any) -> float:
    """Refuse a threshold that no value of the metric can be on either side of, such as a recall of 90."""
    number = _number(threshold)
    low, high = _KINDS[name][0] if name in _KINDS else _ANY
    if not low <= number <= high:
        raise DeclarationError(
            f"{name} lies between {low:g} and {high:g}, and cannot be held against {number:g}"
        )
    return number


def _is_resamples(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 100


def _check_resources(name: str, options: dict[str, Any], method: object) -> None:
    if method is not None:
        raise DeclarationError(f"{name} has one way to make its interval: it takes no method= or replicates=")
    for option in ("calls", "processes", "rows"):
        value = options.get(option, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise DeclarationError(f"{option}= is a whole number from 1, not {value!r}")
    between = (("seconds", math.inf, "a time above 0"), ("quantile", 1.0, "a share between 0 and 1, as 0.95"))
    for option, most, what in between:
        value = options.get(option, 0.5)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < most:
            raise DeclarationError(f"{option}= is {what}, not {value!r}")


def _margin(value: Any) -> float:
    if _number(value) < 0:
        raise DeclarationError(f"margin= is the allowed loss and cannot be negative: {value!r}")
    return float(value)


def _baseline(value: Any) -> Champion:
    if not isinstance(value, Champion):
        raise DeclarationError(f"the baseline is aiqa.champion, not {value!r}")
    return value


def _check_point(kind: str, value: Any) -> None:
    number = _number(value)
    if kind == "top" and (number < 1 or number != int(number)):
        raise DeclarationError(f"top= is a number of rows, from 1 up, not {value!r}")
    if kind in ("fpr", "recall", "precision") and not 0 <= number <= 1:
        raise DeclarationError(f"{kind}= is a share from 0 to 1, not {value!r}")


def _call(arguments: dict[str, Any]) -> str:
    told = [f"{key}={getattr(value, 'name', value)!r}" for key, value in arguments.items()]
    return f"({', '.join(told)})"
