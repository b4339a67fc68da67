"""Great Expectations itself, for what only it can decide; imported at its first use, which takes seconds."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import narwhals as nw

from aiqa.declare.expectation import Expectation
from aiqa.declare.source import GxBatch
from aiqa.errors import AiqaError, DataError, DeclarationError
from aiqa.gx.config import NO_EXCEPTION, config_of

_PLACE = "aiqa_place"
"""Where in our list an expectation stands: Great Expectations gives results in an order of its own."""


def great_expectations() -> ModuleType:
    """Import Great Expectations.

    Raises
    ------
    DeclarationError
        If it is not installed.
    """
    try:
        with warnings.catch_warnings(), _main_with_a_file():
            warnings.simplefilter("ignore")  # of its dependencies, which the user cannot mend
            import great_expectations as gx
    except ImportError as error:
        raise DeclarationError(
            f"Great Expectations is needed here and does not import ({error}): pip install 'pytest-aiqa[gx]'"
        ) from error
    module: ModuleType = gx
    return module


@contextmanager
def _main_with_a_file() -> Iterator[None]:
    """Give the main module a file: without one, pyspark's optional part ends the process."""
    main = sys.modules["__main__"]
    without = not hasattr(main, "__file__")
    if without:
        main.__file__ = "aiqa"
    try:
        yield
    finally:
        if without:
            del main.__file__


def results_of(
    frame: Any,
    expectations: Sequence[Expectation],
    result_format: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
) -> list[dict[str, Any] | AiqaError]:
    """Let Great Expectations hold a frame against expectations.

    Parameters
    ----------
    frame
        Of Spark, which it scans there; any other becomes one of pandas.
    expectations : sequence of Expectation
    result_format : mapping
        Great Expectations' dict.
    parameters : mapping, optional
        Values of suite parameters.

    Returns
    -------
    list of dict or AiqaError
        One result for each, in their order, as JSON values, or why it refuses the expectation.

    Raises
    ------
    DeclarationError
        If Great Expectations is not there.
    """
    with quiet_context() as context:
        batch = _batch(context, frame)
        return validated(batch, expectations, result_format, parameters)


def results_in(
    source: GxBatch, root: Path, expectations: Sequence[Expectation], result_format: Mapping[str, Any]
) -> list[dict[str, Any] | AiqaError]:
    """Let Great Expectations hold a batch of its own against expectations; see :func:`results_of`.

    Raises
    ------
    DataError
        If the context, or what is named in it, is not there.
    """
    with quiet_context(root / source.context) as context:
        try:
            asset = context.data_sources.get(source.data_source).get_asset(source.asset)
            definition = asset.get_batch_definition(source.batch_definition)
            batch = definition.get_batch(batch_parameters=source.options.as_dict() or None)
        except Exception as error:
            raise DataError(f"Great Expectations cannot open {source!r}: {_first_lines(error)}") from error
        return validated(batch, expectations, result_format)


def run_checkpoint(name: str, context: Path, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run a checkpoint and return its result as that of one expectation.

    What does not hold is named, without values: its type, its column and how many are unexpected.

    Parameters
    ----------
    name : str
    context : Path
        The folder of the context.
    parameters : mapping, optional
        Values of suite parameters.

    Raises
    ------
    DataError
        If there is none of the name, or it does not run.
    """
    with quiet_context(context) as opened:
        try:
            found = opened.checkpoints.get(name).run(expectation_parameters=dict(parameters or {}))
        except Exception as error:
            raise DataError(f"checkpoint {name!r} does not run: {_first_lines(error)}") from error
        told = [dict(one.statistics) for one in found.run_results.values()]
        failed = [_named(one) for run in found.run_results.values() for one in run.results if not one.success]
    sums = {
        key: sum(one[key] for one in told) for key in ("evaluated_expectations", "successful_expectations")
    }
    return {
        "success": bool(found.success),
        "result": sums | {"failed": failed},
        "meta": {},
        "exception_info": dict(NO_EXCEPTION),
    }


def _named(result: Any) -> str:
    config = result.expectation_config
    columns = [config.kwargs.get(key) for key in ("column", "column_A", "column_B") if key in config.kwargs]
    count = (result.result or {}).get("unexpected_count")
    told = "" if count is None else f": {count:,} unexpected"
    return f"{config.type.removeprefix('expect_')}({', '.join(map(str, columns))}){told}"


@contextmanager
def quiet_context(folder: Path | None = None) -> Iterator[Any]:
    """Open the context of a folder, or one in memory, and leave the user's own as the current one.

    Raises
    ------
    DataError
        If there is no context in the folder.
    """
    gx = great_expectations()
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"no context of Great Expectations: there is no folder {folder.name!r} in the project"
        )
    from great_expectations.data_context.data_context.context_factory import project_manager
    from great_expectations.data_context.types.base import ProgressBarsConfig

    try:
        before = project_manager.get_current_project()
    except Exception:  # noqa: BLE001 - there was none; its error has changed its name before
        before = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            context = _opened(gx, folder)
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            yield context
        finally:
            project_manager.set_project(before)


def validated(
    batch: Any,
    expectations: Sequence[Expectation],
    result_format: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
) -> list[dict[str, Any] | AiqaError]:
    """Hold a batch of Great Expectations against expectations; see :func:`results_of`."""
    made = [_made(place, one) for place, one in enumerate(expectations)]
    sound = [one for one in made if not isinstance(one, AiqaError)]
    found: dict[int, dict[str, Any] | AiqaError] = {}
    if sound:
        suite = great_expectations().ExpectationSuite(name="aiqa", expectations=sound)
        told = batch.validate(
            suite, result_format=dict(result_format), expectation_parameters=dict(parameters or {})
        )
        found = dict(map(_placed, told.results))
    return [one if isinstance(one, AiqaError) else found[place] for place, one in enumerate(made)]


def object_of(expectation: Expectation, meta: Mapping[str, Any]) -> Any:
    """Return the expectation as an object of Great Expectations.

    Raises
    ------
    DeclarationError
        If it knows no such expectation, or refuses its arguments.
    """
    great_expectations()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    config = config_of(expectation)
    try:
        if expectation.native:
            import_module(expectation.native)
        return ExpectationConfiguration(
            type=config["type"],
            kwargs=config["kwargs"],
            meta={**config["meta"], **meta},
            severity=config["severity"],
        ).to_domain_obj()
    except Exception as error:
        raise DeclarationError(
            f"Great Expectations refuses {expectation!r}: {_first_lines(error)}"
        ) from error


def _opened(gx: ModuleType, folder: Path | None) -> Any:
    if folder is None:
        return gx.get_context(mode="ephemeral")
    return gx.get_context(mode="file", context_root_dir=str(folder))


def _made(place: int, expectation: Expectation) -> Any:
    try:
        return object_of(expectation, {_PLACE: place})
    except DeclarationError as error:
        return error


def _placed(result: Any) -> tuple[int, dict[str, Any] | AiqaError]:
    place: int = result.expectation_config.meta[_PLACE]
    try:
        return place, _told(result)
    except Exception as error:  # noqa: BLE001 - values of any type are in it; this one's alone cannot be told
        return place, DataError(f"its result cannot be written: {_first_lines(error)}")


def _told(result: Any) -> dict[str, Any]:
    told: dict[str, Any] = result.to_json_dict()
    told["success"] = bool(told["success"])
    del told["expectation_config"]["meta"][_PLACE]
    told["exception_info"] = _one_exception(told.get("exception_info") or {})
    told.setdefault("result", {})
    return told


def _one_exception(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one shape that this has: an error within a metric is told by the metric's name."""
    if "raised_exception" in info:
        return dict(info)
    nested = [one for one in info.values() if isinstance(one, Mapping) and one.get("raised_exception")]
    if not nested:
        return dict(NO_EXCEPTION)
    return {"exception_traceback": "", **nested[0]}


def _batch(context: Any, frame: Any) -> Any:
    native = nw.to_native(frame, pass_through=True)
    if type(native).__module__.startswith("pyspark"):
        source = context.data_sources.add_spark("aiqa")
    else:
        source, native = context.data_sources.add_pandas("aiqa"), _as_pandas(native)
    asset = source.add_dataframe_asset("aiqa")
    return asset.add_batch_definition_whole_dataframe("aiqa").get_batch({"dataframe": native})


def _as_pandas(native: Any) -> Any:
    if type(native).__module__.startswith("pandas"):
        return native
    try:
        lazy: nw.LazyFrame[Any] = nw.from_native(native).lazy()
        return lazy.collect("pandas").to_native()
    except ImportError:
        raise DataError("Great Expectations needs pandas here: pip install pandas") from None


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
