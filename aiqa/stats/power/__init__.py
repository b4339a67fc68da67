"""How many rows it takes, what so many rows can show, and how surely: the sizes of evaluations.

Every function takes two of `n`, `truth` and `power` and finds the third: the rows to collect, the effect that
rows at hand can show, or the power that they have. `alpha` is one minus a gate's confidence; gates are
one-sided, and so are the defaults here. `design_effect` is by what rows that belong together count less; see
:func:`design_effect`. All return a :class:`Design` and raise :class:`DesignError`, a ValueError, where not
exactly two are given, a number is impossible, or nothing in reach has the power.
"""

from aiqa.stats.power.areas import auc, paired_aucs, two_aucs
from aiqa.stats.power.comparisons import paired_proportions, two_proportions
from aiqa.stats.power.design import Design, DesignError, design_effect
from aiqa.stats.power.easeml import Condition, ConditionSize, condition_size, parse_condition
from aiqa.stats.power.means import mean, paired_means, two_means
from aiqa.stats.power.shares import f1, precision, proportion, quantile, recall, zero_failures

__all__ = [
    "Condition",
    "ConditionSize",
    "Design",
    "DesignError",
    "auc",
    "condition_size",
    "design_effect",
    "f1",
    "mean",
    "paired_aucs",
    "paired_means",
    "paired_proportions",
    "parse_condition",
    "precision",
    "proportion",
    "quantile",
    "recall",
    "two_aucs",
    "two_means",
    "two_proportions",
    "zero_failures",
]
