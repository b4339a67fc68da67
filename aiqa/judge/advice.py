"""What a verdict means to somebody who did not write the check, and where to look first."""

from __future__ import annotations

from aiqa.declare.expectation import Expectation
from aiqa.declare.gate import AsUsual, Gate
from aiqa.declare.metric import OF_DATA, OF_RESOURCES, Metric
from aiqa.errors import DataError, DeclarationError, MetricError, MissingExtraError, ModelError, SizeError

_OF_ERROR: tuple[tuple[type[BaseException], str], ...] = (
    (
        ModelError,
        "The model could not be asked, so nothing is known about its quality. Look at its address and its "
        "declaration, then at the model.",
    ),
    (
        SizeError,
        "Nothing is wrong with model or data: the metric cannot be had of so many rows where they are.",
    ),
    (MetricError, "The metric has no value on these rows. Look at the labels and the scores of this data."),
    (
        DataError,
        "The data could not be used as the check says, so nothing is known about the model. Look at the "
        "names that the check uses, then at the data.",
    ),
    (DeclarationError, "The check is written wrongly. Its author can mend it; the model is not to blame."),
    (MissingExtraError, "A library is missing here. Install it and run again; the model is not to blame."),
)


def advice_on_failure(gate: Gate) -> str:
    """Return what a failed gate means and what to look at."""
    if isinstance(gate.requirement, AsUsual):
        return (
            "It differs from what earlier runs found. Look at what has changed since the last run: the data "
            "first, then the model. If the new level is right, accept it with as_usual(since=...)."
        )
    if isinstance(gate.claim, Expectation):
        return (
            "The data are not as promised, so what any model makes of them is in doubt. Look at what changed "
            "in the source of this data, before the model."
        )
    resource = isinstance(gate.claim, Metric) and gate.claim.name in OF_RESOURCES
    if resource and gate.needs_champion:
        return (
            "The new model takes more than required against the one that serves now. Both were measured in "
            "turns on one machine, so look at what changed in the model and in the libraries that it needs."
        )
    if resource:
        return (
            "The model takes more than promised. Look whether this machine is of the usual kind and was busy "
            "with other work, then at what changed in the model and in the libraries that it needs."
        )
    if gate.needs_champion:
        return (
            "The new model is not as good as required against the one that serves now, on the same rows: do "
            "not promote it. The data are the same for both, so look at what changed in the model."
        )
    if isinstance(gate.claim, Metric) and gate.claim.name in OF_DATA:
        return (
            "The column is distributed differently from the reference. Look at what changed in the data; the "
            "model may be unfit for it."
        )
    return (
        "The model is worse than promised on this data: do not promote it. If this run's expectations hold, "
        "look at the model; if they fail too, look at the data first."
    )


def advice_on_error(error: BaseException) -> str:
    """Return what an error means and where to look."""
    for kind, advice in _OF_ERROR:
        if isinstance(error, kind):
            return advice
    return "Code broke before anything was decided. Look at the error; the model is not judged."
