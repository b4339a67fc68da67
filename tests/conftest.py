"""Plugins of the tests themselves, and the Spark that those on engines share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def gx() -> Any:
    """Return Great Expectations, imported as aiqa does: a worker's main module has no file."""
    from aiqa.errors import DeclarationError
    from aiqa.gx.native import great_expectations

    try:
        return great_expectations()
    except DeclarationError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def spark() -> Iterator[Callable[[pl.DataFrame], Any]]:
    """Return what makes a frame one of Spark, which runs on this machine alone."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs a Java runtime")
    sql = pytest.importorskip("pyspark.sql")
    os.environ["PYSPARK_PYTHON"] = sys.executable  # what workers run
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",  # moments without a zone stay so
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    session = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield lambda frame: session.createDataFrame(frame.to_arrow())
    session.stop()
