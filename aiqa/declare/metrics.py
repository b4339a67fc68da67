"""``metric.*``: the metrics by name, and those of functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from aiqa.declare.metric import Metric
from aiqa.declare.values import Pairs, freeze
from aiqa.errors import DeclarationError, nearest

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
    latency = Metric("latency", Pairs((("quantile", 0.5),)))
    """Milliseconds of one call: ``metric.latency(quantile=0.95, rows=1) <= 5``. Smaller is better.

    ``quantile=`` of the calls, 0.5 (the median) where not given; each scores ``rows=`` rows of the data set,
    1 where not given, drawn anew. At most ``calls=`` (2,000, or as a quantile takes) in ``seconds=`` (10).
    """
    throughput = Metric("throughput")
    """Rows a second, one call after the other, of ``rows=`` each: 65,536 where not given.

    ``calls=`` and ``seconds=`` as of latency.
    """
    peak_memory = Metric("peak_memory")
    """MiB at the peak of loading the model and scoring, above those before it. Smaller is better.

    The median of ``processes=`` (5) fresh ones, which score ``rows=`` (65,536) at a time and have
    ``seconds=`` (60) for an answer each and all together for starting.
    """
    model_size = Metric("model_size")
    """MiB of the model as it is stored. Smaller is better."""
    cold_start = Metric("cold_start")
    """Seconds that a fresh process takes to load the model and score ``rows=`` (1). Smaller is better.

    ``processes=`` and ``seconds=`` as of peak memory.
    """

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
