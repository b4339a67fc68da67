"""``metric.*``: quantities by name, whose comparison with a number is a gate."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any, cast, overload

from aiqa.declare.bucket import Bucket
from aiqa.declare.gate import (
    AsUsual,
    AtLeast,
    AtMost,
    BetterThan,
    Between,
    Champion,
    Gate,
    NoWorseThan,
    Within,
)
from aiqa.declare.values import Declaration, FunctionRef, Pairs, declaration, freeze
from aiqa.errors import DeclarationError, nearest

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
    **dict.fromkeys(("function", "scorer"), (_ANY, ())),
}
"""Of each metric, the values that it can take and the options that it has beside ``method``."""
OF_BOTH = ("negative_flips", "positive_flips")
"""Metrics that are of the model and its champion together."""
OF_DATA = ("psi", "js_distance", "cramers_v", "ks", "wasserstein")
"""Metrics of a column against what it is in a reference, without a model."""
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
    slices: tuple[str | Bucket, ...] = ()
    method: str | None = None
    replicates: int | None = None

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
        >>> metric.precision.at(top=500)
        precision.at(top=500)
        """
        if len(point) != 1 or next(iter(point)) not in OPERATING_POINTS:
            raise DeclarationError(
                f"{self.name}.at() takes exactly one of {', '.join(f'{p}=' for p in OPERATING_POINTS)}"
            )
        kind, value = next(iter(point.items()))
        _check_point(kind, value)
        if per is not None and kind != "top":
            raise DeclarationError("per= goes with top= alone: a budget for each day or group")
        told = {**point, **({} if per is None else {"per": per})}
        return dataclasses.replace(self, point=freeze(told, f"{self.name}.at()"))

    def by(self, *columns: str | Bucket) -> Metric:
        """Return this metric in each slice: each value (or combination of values) of `columns`.

        The gate is judged over all slices as one family.

        Parameters
        ----------
        *columns : str or Bucket
            Names of columns; ``aiqa.bucket("amount", [100, 1000])`` for ranges of numbers.
        """
        if not columns or not all(isinstance(column, str | Bucket) for column in columns):
            raise DeclarationError(f"{self.name}.by() takes the names of columns, or aiqa.bucket(...)")
        return dataclasses.replace(self, slices=columns)

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
        >>> metric.recall.within(aiqa.champion, margin=0.02)
        recall within 0.02 of the champion
        """
        if not _margin(margin) > 0:
            raise DeclarationError("within() needs a margin above 0: no data prove that two models are equal")
        return Gate(self, Within(_baseline(baseline), float(margin)))

    def as_usual(
        self,
        *,
        runs: int = 30,
        at_least: int = 10,
        false_alarms: float = 0.01,
        margin: float = 0.0,
        since: str | None = None,
    ) -> Gate:
        """Require the value to lie where earlier runs put it: anything else is an anomaly.

        Earlier runs are those of the same check, on other data or with another model, as
        ``[tool.aiqa.history]`` says from evidence or from MLflow. Until there are enough the gate is
        inconclusive; it is, too, where the value lies outside but its own interval reaches into the range.

        Parameters
        ----------
        runs : int, default 30
            How many of the newest count.
        at_least : int, default 10
            How many it takes to tell what is usual.
        false_alarms : float, default 0.01
            In which share of runs a value is outside that comes as all did before.
        margin : float, default 0
            A distance from the middle, in the value's own unit, that is always usual.
        since : str, optional
            Runs before this day (UTC, as ``"2026-11-01"``) do not count: the level has changed, and is
            accepted.

        Raises
        ------
        DeclarationError
            If a setting is impossible, or the metric is one of slices.

        Examples
        --------
        >>> metric.recall.as_usual(margin=0.01)
        recall as usual
        """
        if self.slices or self.options.as_dict().get("average") == "each":
            raise DeclarationError(f"{self.name}.as_usual() is of a single value, not of each slice")
        return Gate(self, AsUsual(runs, at_least, false_alarms, margin, since))

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
        parts += ["by-" + "-".join(map(column_of, self.slices))] if self.slices else []
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
        text += f".by({', '.join(map(repr, self.slices))})" if self.slices else ""
        return text


def options_of(name: str) -> tuple[str, ...]:
    """Return the options that a metric has beside ``method``."""
    return _KINDS[name][1] if name in _KINDS else _CLASSES


def column_of(slice_: str | Bucket) -> str:
    """Return the column that a slice is made by."""
    return slice_ if isinstance(slice_, str) else slice_.column


NEEDS = ("prediction", "score", "frame")
_OWN: dict[str, dict[str, Metric]] = {}


def own_metric(name: str) -> Metric | None:
    """Return the metric of one's own function of this name; None where there is none.

    Raises
    ------
    DeclarationError
        If several functions have the name.
    """
    found = _OWN.get(name, {})
    if len(found) > 1:
        raise DeclarationError(
            f"several metrics are named {name!r}: {', '.join(sorted(found))}; pass the metric"
        )
    return next(iter(found.values()), None)


class MetricNamespace:
    """The metrics by name: ``metric.roc_auc``, ``metric.f1(average="macro")``, ``metric(my_function)``.

    Classification metrics take, as options, ``label=`` (one class of several, or which label is
    positive), ``average=`` (``"macro"``, ``"weighted"``, ``"micro"``) or, for one value a class,
    ``average="each"``.
    """

    accuracy = Metric("accuracy")
    """Share of rows whose predicted label is the true one."""
    balanced_accuracy = Metric("balanced_accuracy")
    """Mean of the recalls of all classes."""
    precision = Metric("precision")
    """Share of the rows called positive that are."""
    recall = Metric("recall")
    """Share of the positive rows that are called so."""
    specificity = Metric("specificity")
    """Share of the rows that are not positive that are not called so."""
    fpr = Metric("fpr")
    """False positive rate: share of the other rows that are called positive. Smaller is better."""
    npv = Metric("npv")
    """Negative predictive value: share of the rows not called positive that are not."""
    f1 = Metric("f1")
    """Harmonic mean of precision and recall."""
    fbeta = Metric("fbeta")
    """Weighted harmonic mean of precision and recall: ``metric.fbeta(beta=2)`` counts recall more."""
    jaccard = Metric("jaccard")
    """Rows of the class and called so, as a share of the rows that are either."""
    mcc = Metric("mcc")
    """Matthews' correlation coefficient; of several classes R_K."""
    cohen_kappa = Metric("cohen_kappa")
    """Agreement beyond chance; ``weights="linear"`` or ``"quadratic"`` for ordered classes."""
    hamming_loss = Metric("hamming_loss")
    """Share of rows whose predicted label is not the true one. Smaller is better."""
    approval_rate = Metric("approval_rate")
    """Share of rows called positive, or called ``label=``."""
    expected_cost = Metric("expected_cost")
    """Mean cost of a row: ``metric.expected_cost(costs={"fn": "amount", "fp": 5})``. Smaller is better.

    ``costs=`` is a mapping of ``"tp"``, ``"fn"``, ``"fp"`` and ``"tn"`` (binary), a mapping of each true
    label to a mapping of predicted labels, or a row for each true class, in their order; what is left out
    costs nothing. A cost is a number (a gain where negative) or the name of a column of the data set.
    """
    negative_flips = Metric("negative_flips")
    """Share of rows that the champion has right and this model wrong. Smaller is better."""
    positive_flips = Metric("positive_flips")
    """Share of rows that the champion has wrong and this model right."""
    roc_auc = Metric("roc_auc")
    """Chance that a random positive row scores higher than a random negative one; ties count half.

    ``metric.roc_auc(max_fpr=0.1)``: the area up to that false positive rate, standardised so that a random
    model has 0.5. ``average="ovo"``: the mean over pairs of classes, of these two alone.
    """
    average_precision = Metric("average_precision")
    """Mean of the precision at each positive row, in falling order of score (the step-wise sum)."""
    pr_auc = Metric("pr_auc")
    """Area under the precision-recall curve by trapezoids, which is not average precision; prefer that.

    Between the points of the highest precision at each recall, as ROCR's; ``points="all"``: between all, as
    scikit-learn's ``auc(recall, precision)``.
    """
    log_loss = Metric("log_loss")
    """Mean negative log-likelihood of the true class, in nats. Smaller is better."""
    brier = Metric("brier")
    """Mean squared difference of probability and truth. Smaller is better."""
    mae = Metric("mae")
    """Mean absolute error, in the label's unit. Smaller is better."""
    mse = Metric("mse")
    """Mean squared error, in the square of the label's unit. Smaller is better."""
    rmse = Metric("rmse")
    """Root of the mean squared error, in the label's unit. Smaller is better."""
    mape = Metric("mape")
    """Mean absolute error as a share of each row's truth (1 is 100 %). Smaller is better.

    Not defined where a truth is 0.
    """
    smape = Metric("smape")
    """Mean of twice the absolute error over the sum of truth and prediction, both absolute; from 0 to 2.

    0 where both are 0. Smaller is better.
    """
    mase = Metric("mase")
    """Mean absolute error in units of that of the naive forecast, the truth `period` rows before.

    Rows are in the order of the data set's ``time=`` where it has one; otherwise as they come. Each slice
    has its own scale. ``metric.mase(period=7)``; smaller is better.
    """
    mean_error = Metric("mean_error")
    """Mean of prediction less truth, in the label's unit: the bias. Bound it with ``.between(low, high)``."""
    pinball = Metric("pinball")
    """Mean pinball loss of predictions of a quantile, ``metric.pinball(q=0.9)``; 0.5 where not given.

    Smaller is better.
    """
    r2 = Metric("r2")
    """Share of the label's variance that the predictions explain."""
    median_absolute_error = Metric("median_absolute_error")
    """Median of the absolute errors, in the label's unit. Smaller is better."""
    absolute_error_quantile = Metric("absolute_error_quantile")
    """A quantile of the absolute errors, ``metric.absolute_error_quantile(q=0.95)``; 0.9 where not given.

    In the label's unit. Smaller is better.
    """
    ece = Metric("ece")
    """Expected calibration error, less what chance adds: the mean gap of probability and truth over bins."""
    mce = Metric("mce")
    """Maximum calibration error: the largest gap of all bins. Smaller is better."""
    calibration_slope = Metric("calibration_slope")
    """Slope of the truth over the logit of the probability; 1 is calibrated, less is overconfident."""
    calibration_intercept = Metric("calibration_intercept")
    """Intercept of the same logistic recalibration; 0 is calibrated."""
    calibration_in_the_large = Metric("calibration_in_the_large")
    """What the logits lack for the probabilities to be right on average; 0 is calibrated."""
    spiegelhalter_z = Metric("spiegelhalter_z")
    """Absolute value of Spiegelhalter's z, a test of calibration: beyond 1.96 in 5 % of calibrated models."""
    hosmer_lemeshow = Metric("hosmer_lemeshow")
    """Chi-square of Hosmer and Lemeshow's test of calibration, with ``groups`` - 2 degrees of freedom."""
    brier_reliability = Metric("brier_reliability")
    """What miscalibration adds to the Brier score, corrected for chance. Smaller is better."""
    brier_resolution = Metric("brier_resolution")
    """What telling rows apart takes off the Brier score, corrected for chance. Larger is better."""
    brier_uncertainty = Metric("brier_uncertainty")
    """The Brier score of forecasting the share of events to every row."""
    brier_skill = Metric("brier_skill")
    """Brier skill score: the share of that uncertainty which the model takes away."""
    interval_coverage = Metric("interval_coverage")
    """Share of rows whose truth lies in an interval: ``interval_coverage(lower="p10", upper="p90")``."""
    interval_width = Metric("interval_width")
    """Mean width of the interval, in the label's unit. Smaller is better."""
    winkler = Metric("winkler")
    """Winkler's interval score, the width and what misses cost: ``winkler(lower=, upper=, alpha=0.2)``."""
    crps = Metric("crps")
    """Continuous ranked probability score, of ``scale="sigma"``, ``members=(...)`` or ``quantiles={...}``."""
    ndcg = Metric("ndcg")
    """Normalised discounted cumulative gain, the mean over queries: ``ndcg(k=10, query="query_id")``."""
    mean_average_precision = Metric("mean_average_precision")
    """Mean over queries of the average precision (of the first ``k``)."""
    mrr = Metric("mrr")
    """Mean over queries of one over the rank of the first relevant row."""
    hit_rate = Metric("hit_rate")
    """Share of queries with a relevant row among the first ``k``."""
    precision_at = Metric("precision_at")
    """Mean over queries of the relevant share of the first ``k`` rows."""
    recall_at = Metric("recall_at")
    """Mean over queries of the share of relevant rows that are among the first ``k``."""
    psi = Metric("psi")
    """Population stability index of a column: ``metric.psi("amount", reference="orders-2026-09")``."""
    js_distance = Metric("js_distance")
    """Jensen and Shannon's distance of a column from a reference, in bins: 0 alike, 1 disjoint."""
    cramers_v = Metric("cramers_v")
    """Cramér's V of a column's bins and the data set, which chi-square tests: 0 alike, 1 disjoint."""
    ks = Metric("ks")
    """Kolmogorov and Smirnov's distance of a column's distribution from that in a reference."""
    wasserstein = Metric("wasserstein")
    """How far a column's values moved from a reference, on average, in their unit."""

    @overload
    def __call__(self, function: Callable[..., float], **options: Any) -> Metric: ...
    @overload
    def __call__(self, **options: Any) -> Callable[[Callable[..., float]], Metric]: ...
    def __call__(self, function: Callable[..., float] | None = None, **options: Any) -> Any:
        """Make a metric of a function; its interval comes from the bootstrap.

        As a call, ``metric(f)``, or as a decorator, ``@aiqa.metric`` or ``@aiqa.metric(needs="score")``. What
        is decorated is then a :class:`Metric`, which ``aiqa.evaluate`` knows by its name too; the function
        itself stays reachable as ``.function``.

        Parameters
        ----------
        function : callable
            ``f(y_true, y_pred)``: takes two arrays of one length, and ``sample_weight=`` where it has such a
            parameter. Or ``f(frame)``, of a single parameter: takes a Polars frame of the data set's own
            columns and, as far as there are any, `y_true`, `y_pred`, `y_score` and `sample_weight`. Returns
            a number.
        needs : {"prediction", "score", "frame"}, default "prediction"
            What the second array holds; "frame" for a function of a frame that has further parameters.
        higher_is_better : bool, default True
            For comparisons with the champion.

        Raises
        ------
        DeclarationError
            If it is no function, or an option does not exist or has an impossible value.

        Examples
        --------
        >>> @metric(higher_is_better=False)
        ... def bias(y_true, y_pred):
        ...     return float((y_pred - y_true).mean())
        >>> bias <= 0.1
        bias(higher_is_better=False) <= 0.1
        """
        if function is None:
            return lambda decorated: self(decorated, **options)
        if not callable(function) or isinstance(function, Metric):
            raise DeclarationError(f"metric(...) takes a function f(y_true, y_pred), not {function!r}")
        unknown = sorted(set(options) - {"needs", "higher_is_better"})
        if unknown:
            raise DeclarationError(f"metric(f) has no option {unknown[0]!r}; known: higher_is_better, needs")
        if options.get("needs", "frame") not in NEEDS:
            raise DeclarationError(f"needs= must be one of {', '.join(NEEDS)}, not {options['needs']!r}")
        made = Metric("function", freeze({"of": function, **options}, "metric"))
        if made.id in METRIC_NAMES:
            raise DeclarationError(f"there is a metric {made.id!r} already: call the function something else")
        _OWN.setdefault(made.id, {})[made.options.as_dict()["of"].address] = made
        return made

    def scorer(self, name: str) -> Metric:
        """Use a scikit-learn scorer by its name, as ``metric.scorer("neg_mean_poisson_deviance")``."""
        if not isinstance(name, str):
            raise DeclarationError(f"metric.scorer takes the name of a scikit-learn scorer, not {name!r}")
        return Metric("scorer", freeze({"of": name}, "scorer"))

    def __getattr__(self, name: str) -> Metric:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"no metric {name!r}{nearest(name, METRIC_NAMES)}")


METRIC_NAMES = tuple(
    sorted(name for name, value in vars(MetricNamespace).items() if isinstance(value, Metric))
)
metric = MetricNamespace()


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
