"""``aiqa.validate``: expectations on a frame, for a notebook or any program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiqa.declare.expectation import Expectation
from aiqa.declare.parameters import resolved
from aiqa.errors import AiqaError, DeclarationError, nearest
from aiqa.expectations.catalogue import claim, outcome
from aiqa.expectations.kind import Claim, Found, ResultFormat, Untyped
from aiqa.expectations.report import Report
from aiqa.scan.opened import ENGINES, Opened, opened
from aiqa.scan.statistics import Answers
from aiqa.scan.together import answers_of


def validate(
    frame: Any,
    expectations: Iterable[Expectation],
    *,
    result_format: str | Mapping[str, Any] = "SUMMARY",
    engine: str = "auto",
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, Any] | None = None,
    slices: Sequence[str] = (),
) -> Report:
    """Hold a frame against expectations, in as few scans as pay.

    Parameters
    ----------
    frame : frame of pandas, Polars, Arrow, DuckDB or Spark, or a narwhals frame
        Those of DuckDB and Spark are scanned where they are.
    expectations : iterable of Expectation
        A list, or a suite of :func:`aiqa.gx.suite`.
    result_format : str or mapping, default "SUMMARY"
        How much each result says, as in Great Expectations: ``"BOOLEAN_ONLY"``, ``"BASIC"``, ``"SUMMARY"``,
        ``"COMPLETE"``, or a dict of it with ``unexpected_index_column_names`` and so on.
    engine : {"auto", "duckdb", "gx", "polars"}, default "auto"
        Where the frame is scanned: the one that it belongs to, or this one. ``"gx"`` is Great Expectations
        itself, on pandas. Columns of mixed Python objects, and expectations that are Great Expectations'
        or yours alone, always go there.
    parameters : mapping, optional
        Values of the suite parameters (``{"$PARAMETER": "name"}``).
    tables : mapping of str to frame, optional
        Other tables that expectations name.
    slices : sequence of str, optional
        Columns by whose values unexpected rows are counted as well (``unexpected_by_slice``).

    Returns
    -------
    Report
        An expectation that cannot be decided (an unknown column, values that cannot be compared) has
        ``success`` False and says why in ``exception_info``; the others go on.

    Raises
    ------
    DataError
        If `frame` is none.
    DeclarationError
        If there is no expectation, or something is none.

    Examples
    --------
    >>> import polars as pl
    >>> from aiqa import expect
    >>> orders = pl.DataFrame({"amount": [1.0, 2.0, None]})
    >>> validate(orders, [expect.column_values_to_not_be_null("amount", mostly=0.6)])
    1 of 1 expectations hold
      pass column_values_to_not_be_null(column='amount', mostly=0.6): 1 of 3 unexpected (33.3 %)
    """
    declared = _expectations(expectations)
    format_ = ResultFormat.of(result_format)
    if engine not in ENGINES:
        raise DeclarationError(f"no engine {engine!r}{nearest(engine, ENGINES)}")
    run = _Run(opened(frame, engine), format_, engine, parameters or {}, tables or {}, tuple(slices))
    name = str(getattr(expectations, "name", ""))
    return Report(tuple(run.results(declared)), tuple(declared), name, run.parameters)


def _expectations(given: Iterable[Expectation]) -> Sequence[Expectation]:
    declared = [given] if isinstance(given, Expectation) else list(given)
    strange = [item for item in declared if not isinstance(item, Expectation)]
    if strange:
        raise DeclarationError(
            f"validate takes expectations such as expect.column_to_exist('x'), not {strange[0]!r}"
        )
    if not declared:
        raise DeclarationError("there is no expectation to validate")
    return declared


@dataclass(frozen=True)
class _Run:
    """One call: what it is about, and how it is asked."""

    frame: Opened
    format: ResultFormat
    engine: str
    parameters: Mapping[str, Any]
    tables: Mapping[str, Any]
    slices: tuple[str, ...]

    def results(self, declared: Sequence[Expectation]) -> list[dict[str, Any]]:
        """Scan for those that are ours, ask Great Expectations for the others; errors stay each one's own."""
        asked = [self._asked(one) for one in declared]
        ours = {place: one for place, one in enumerate(asked) if isinstance(one, Claim)}
        theirs = [place for place, one in enumerate(asked) if one is None]
        found: dict[int, Any] = {place: one for place, one in enumerate(asked) if isinstance(one, Exception)}
        answers = answers_of(self.frame.native, [one.requests for one in ours.values()])
        for (place, claimed), answer in zip(ours.items(), answers, strict=True):
            found[place] = _concluded(claimed, answer)
        found |= zip(theirs, self._by_gx([declared[place] for place in theirs]), strict=True)
        return [self._told(one, found[place]) for place, one in enumerate(declared)]

    def _asked(self, expectation: Expectation) -> Claim | Exception | None:
        """Return what an expectation asks of the scan; None where Great Expectations is to decide."""
        if self.engine == "gx" or expectation.native:
            return None
        try:
            ready = resolved(expectation, self.parameters)
            return claim(
                ready,
                self.frame.columns,
                self.format,
                pandas=self.frame.pandas,
                tables=self.tables,
                slices=self.slices,
                labels=self.frame.labels if self.frame.pandas else None,
            )
        except Untyped:
            return None
        except Exception as error:  # noqa: BLE001 - it is this expectation's own; the others go on
            return error

    def _by_gx(self, expectations: list[Expectation]) -> Sequence[dict[str, Any] | Exception]:
        if not expectations:
            return []
        from aiqa.gx.native import results_of

        try:
            return results_of(self.frame.given, expectations, self.format.to_gx(), self.parameters)
        except Exception as error:  # noqa: BLE001 - custom expectations run here; ours go on
            return [error] * len(expectations)

    def _told(self, expectation: Expectation, found: Found | Exception | dict[str, Any]) -> dict[str, Any]:
        if isinstance(found, dict):
            return found
        if isinstance(found, Exception):
            return outcome(expectation, success=False, found={}, exception=_message(found))
        return outcome(expectation, found[0], {} if self.format.name == "BOOLEAN_ONLY" else found[1])


def _concluded(claimed: Claim, answers: Answers | Exception) -> Found | Exception:
    if isinstance(answers, Exception):
        return answers
    try:
        return claimed.conclude(answers)
    except Exception as error:  # noqa: BLE001 - it is this expectation's own; the others go on
        return error


def _message(error: Exception) -> str:
    return str(error) if isinstance(error, AiqaError) else f"{type(error).__name__}: {error}"
