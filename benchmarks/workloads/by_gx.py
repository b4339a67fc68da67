"""The expectations by Great Expectations on pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.workloads.declared import Numbers, answered, suite


def run(workload: str, home: Path) -> Numbers:
    from aiqa.gx.native import great_expectations, quiet_context

    assert workload == "w1"
    frame: Any = pd.read_parquet(home / "orders")
    gx = great_expectations()
    with quiet_context() as context:
        source = context.data_sources.add_pandas("orders")
        asset = source.add_dataframe_asset("orders").add_batch_definition_whole_dataframe("orders")
        made = gx.ExpectationSuite(name="orders")
        for type_, kwargs in suite():
            name = "".join(word.title() for word in type_.split("_"))
            made.add_expectation(getattr(gx.expectations, name)(**kwargs))
        report = asset.get_batch({"dataframe": frame}).validate(made)
    found: Numbers = {}
    for result in report.results:  # in an order of its own
        config = result.expectation_config
        found |= answered(config.type, dict(config.kwargs), dict(result.result))
    return found
