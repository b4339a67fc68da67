"""What a check names of Great Expectations: it runs there, and its result is the gate's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiqa.declare.expectation import Expectation, expectation_of
from aiqa.declare.source import Dataset, GxBatch
from aiqa.declare.source import dataset as declare_dataset
from aiqa.declare.values import Pairs, freeze
from aiqa.errors import DeclarationError

CHECKPOINT = "gx_checkpoint"


def expectation(given: Any, /, **kwargs: Any) -> Expectation:
    """Name an expectation that Great Expectations itself is to decide: a custom one, say.

    Parameters
    ----------
    given : an expectation of Great Expectations, its class, or a type's name
        Of a class or an object, the module is imported again where it is decided, so that it is known there.
    **kwargs
        The arguments, unless they are in the object.

    Raises
    ------
    DeclarationError
        If it is none of these.

    Examples
    --------
    >>> expectation("expect_column_values_to_be_our_kind", column="x")
    column_values_to_be_our_kind(column='x')
    """
    if isinstance(given, str):
        return _native(expectation_of(given, kwargs), "great_expectations")
    kind = given if isinstance(given, type) else type(given)
    if not hasattr(kind, "expectation_type") and not hasattr(given, "configuration"):
        raise DeclarationError(f"no expectation of Great Expectations: {given!r}")
    if isinstance(given, type):
        return _native(expectation_of(_type_of(kind), kwargs), kind.__module__)
    config = given.configuration
    made = expectation_of(
        config.type, {**config.kwargs, **kwargs}, str(getattr(config.severity, "value", "critical"))
    )
    return _native(made, kind.__module__)


def dataset(
    name: str,
    *,
    data_source: str,
    asset: str,
    batch_definition: str,
    context: str = "gx",
    options: Mapping[str, Any] | None = None,
    keys: Sequence[str] = (),
    pii: Sequence[str] = (),
) -> Dataset:
    """Declare a table that Great Expectations reaches: in Postgres, Snowflake and so on.

    Expectations on it run where it is; metrics of models need the rows, which :func:`aiqa.dataset` reads.

    Parameters
    ----------
    name : str
    data_source, asset, batch_definition : str
        What they are called in the context.
    context : str, default "gx"
        The folder of the context, relative to the project's root. Secrets belong into its environment.
    options : mapping, optional
        Parameters of the batch.
    keys : sequence of str, optional
        Columns that name a row, also in another run.
    pii : sequence of str, optional
        Columns of personal data, whose values never leave the machine.

    Examples
    --------
    >>> dataset("orders", data_source="warehouse", asset="orders", batch_definition="all").name
    'orders'
    """
    frozen = freeze(dict(options or {}), "options=")
    batch = GxBatch(context, data_source, asset, batch_definition, frozen)
    return declare_dataset(name, batch, keys=keys, pii=pii)


def checkpoint(name: str, *, context: str = "gx") -> Expectation:
    """Name a checkpoint; yielded from a check, it is a gate that holds if the checkpoint succeeds.

    Parameters
    ----------
    name : str
        What it is called in the context.
    context : str, default "gx"
        The folder of the context, relative to the project's root.

    Examples
    --------
    >>> checkpoint("nightly").id
    'gx_checkpoint-nightly'
    """
    return Expectation(CHECKPOINT, Pairs((("context", context), ("name", name))), native="great_expectations")


def _native(made: Expectation, module: str) -> Expectation:
    return Expectation(made.type, made.kwargs, made.severity, made.details, module)


def _type_of(kind: type) -> str:
    """Return the type of a class: its name in snake case."""
    named = getattr(kind, "expectation_type", None)
    if isinstance(named, str):
        return named
    letters = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)
    return letters.lstrip("_")
