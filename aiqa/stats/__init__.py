"""Arrays and counts in, bounds out: the statistics behind the gates, as plain functions.

Most return an :class:`~aiqa.stats.inference.Inference`: a value with one-sided bounds at any error rate,
whose ``estimate(confidence)`` has the usual interval. They load at their first use.

Examples
--------
>>> from aiqa import stats
>>> print(stats.proportion(266, 332, method="wilson").estimate(0.95))
0.8012 [0.7549, 0.8406], n 332
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiqa.stats.approximate_bootstrap import abc
    from aiqa.stats.bounded import betting, empirical_bernstein
    from aiqa.stats.calibration_error import ece
    from aiqa.stats.calibration_maximum import mce
    from aiqa.stats.calibration_tests import hosmer_lemeshow, spiegelhalter_z
    from aiqa.stats.distances import (
        chi_square,
        cramers_v,
        js_distance,
        kolmogorov_smirnov,
        ks,
        psi,
        wasserstein,
    )
    from aiqa.stats.functional import Functional, average, difference, function_of, infer, mean_of
    from aiqa.stats.independent import (
        fisher,
        independent_difference,
        newcombe,
        ratio_of_proportions,
        wald_difference,
    )
    from aiqa.stats.inference import Estimate, Inference
    from aiqa.stats.leaderboard import ladder
    from aiqa.stats.multiplicity import adjust
    from aiqa.stats.murphy import brier_reliability, brier_resolution, brier_uncertainty
    from aiqa.stats.paired import mcnemar, mcnemar_clustered, paired_proportions
    from aiqa.stats.partial_roc import partial_auc
    from aiqa.stats.precision_recall import average_precision, pr_auc
    from aiqa.stats.proportions import proportion
    from aiqa.stats.quantiles import quantile, quantile_difference
    from aiqa.stats.recalibration import calibration_in_the_large, calibration_intercept, calibration_slope
    from aiqa.stats.reliability import forecasts
    from aiqa.stats.roc import auc
    from aiqa.stats.roc_difference import auc_difference, auc_difference_unpaired
    from aiqa.stats.scoring_rules import (
        conformal_coverage,
        crps_ensemble,
        crps_normal,
        crps_quantiles,
        interval_score,
    )
    from aiqa.stats.sequential import at_every_look, beta_binomial, beta_binomial_interval, sprt
    from aiqa.stats.wilcoxon import signed_rank

_HOME = {
    "Estimate": "inference",
    "Functional": "functional",
    "Inference": "inference",
    "abc": "approximate_bootstrap",
    "adjust": "multiplicity",
    "at_every_look": "sequential",
    "auc": "roc",
    "auc_difference": "roc_difference",
    "auc_difference_unpaired": "roc_difference",
    "average": "functional",
    "average_precision": "precision_recall",
    "beta_binomial": "sequential",
    "beta_binomial_interval": "sequential",
    "betting": "bounded",
    "brier_reliability": "murphy",
    "brier_resolution": "murphy",
    "brier_uncertainty": "murphy",
    "calibration_in_the_large": "recalibration",
    "calibration_intercept": "recalibration",
    "calibration_slope": "recalibration",
    "chi_square": "distances",
    "conformal_coverage": "scoring_rules",
    "cramers_v": "distances",
    "crps_ensemble": "scoring_rules",
    "crps_normal": "scoring_rules",
    "crps_quantiles": "scoring_rules",
    "difference": "functional",
    "ece": "calibration_error",
    "empirical_bernstein": "bounded",
    "fisher": "independent",
    "forecasts": "reliability",
    "function_of": "functional",
    "hosmer_lemeshow": "calibration_tests",
    "independent_difference": "independent",
    "infer": "functional",
    "interval_score": "scoring_rules",
    "js_distance": "distances",
    "kolmogorov_smirnov": "distances",
    "ks": "distances",
    "ladder": "leaderboard",
    "mce": "calibration_maximum",
    "mcnemar": "paired",
    "mcnemar_clustered": "paired",
    "mean_of": "functional",
    "newcombe": "independent",
    "paired_proportions": "paired",
    "partial_auc": "partial_roc",
    "pr_auc": "precision_recall",
    "proportion": "proportions",
    "psi": "distances",
    "quantile": "quantiles",
    "quantile_difference": "quantiles",
    "ratio_of_proportions": "independent",
    "signed_rank": "wilcoxon",
    "spiegelhalter_z": "calibration_tests",
    "sprt": "sequential",
    "wald_difference": "independent",
    "wasserstein": "distances",
}

__all__ = [
    "Estimate",
    "Functional",
    "Inference",
    "abc",
    "adjust",
    "at_every_look",
    "auc",
    "auc_difference",
    "auc_difference_unpaired",
    "average",
    "average_precision",
    "beta_binomial",
    "beta_binomial_interval",
    "betting",
    "brier_reliability",
    "brier_resolution",
    "brier_uncertainty",
    "calibration_in_the_large",
    "calibration_intercept",
    "calibration_slope",
    "chi_square",
    "conformal_coverage",
    "cramers_v",
    "crps_ensemble",
    "crps_normal",
    "crps_quantiles",
    "difference",
    "ece",
    "empirical_bernstein",
    "fisher",
    "forecasts",
    "function_of",
    "hosmer_lemeshow",
    "independent_difference",
    "infer",
    "interval_score",
    "js_distance",
    "kolmogorov_smirnov",
    "ks",
    "ladder",
    "mce",
    "mcnemar",
    "mcnemar_clustered",
    "mean_of",
    "newcombe",
    "paired_proportions",
    "partial_auc",
    "pr_auc",
    "proportion",
    "psi",
    "quantile",
    "quantile_difference",
    "ratio_of_proportions",
    "signed_rank",
    "spiegelhalter_z",
    "sprt",
    "wald_difference",
    "wasserstein",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'aiqa.stats' has no attribute {name!r}")
    value = getattr(import_module(f"aiqa.stats.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
