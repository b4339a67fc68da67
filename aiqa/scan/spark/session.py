"""The Spark session of a run: the active one, or a quiet local one that ends with the run."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from aiqa.errors import ConfigError, require_extra

LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
}
"""Settings of a session on this machine alone; those of ``[tool.aiqa.spark] settings`` come on top."""


class SparkHolder:
    """Gives the session when somebody asks for it, and stops it if it is of our making.

    Parameters
    ----------
    settings : mapping of str to str
        Of a session that is made here; one that is active keeps its own.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)
        self._made: Any = None

    def session(self) -> Any:
        """Return the active session; where there is none, make one.

        Raises
        ------
        MissingExtraError
            If PySpark is not installed.
        ConfigError
            If Spark does not start; without Java, say.
        """
        sql = require_extra("pyspark.sql", "spark", "running on Spark")
        active = sql.SparkSession.getActiveSession()
        if active is None:
            active = self._made = _started(sql, self._settings)
        return active

    def stop(self) -> None:
        """Stop the session, if it was made here."""
        made, self._made = self._made, None
        if made is not None:
            made.stop()


def _started(sql: Any, settings: Mapping[str, str]) -> Any:
    builder = sql.SparkSession.builder.appName("aiqa")
    if _is_local(settings):
        # Workers run the Python of this process, which has what the models need.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings = LOCAL | dict(settings)
        builder = builder.master(settings.get("spark.master", "local[*]"))
    quiet = logging.getLogger("py4j")
    before, quiet.level = quiet.level, logging.CRITICAL
    try:
        return builder.config(map=dict(settings)).getOrCreate()
    except Exception as error:
        raise ConfigError(_why(error)) from error
    finally:
        quiet.level = before


def _is_local(settings: Mapping[str, str]) -> bool:
    """Tell whether nobody has said where Spark is: spark-submit and Spark Connect do, by the environment."""
    told = settings.get("spark.master", os.environ.get("MASTER", ""))
    elsewhere = {"SPARK_REMOTE", "PYSPARK_GATEWAY_PORT"} & set(os.environ)
    return not elsewhere and "spark.remote" not in settings and (not told or told.startswith("local"))


def _why(error: Exception) -> str:
    told = str(error)
    if "JAVA_GATEWAY_EXITED" in told or "Java gateway" in told or isinstance(error, FileNotFoundError):
        return (
            "Spark does not start: it needs a Java runtime (version 17 or later) on the path or at JAVA_HOME"
        )
    return f"Spark does not start: {told.strip().splitlines()[0] if told.strip() else type(error).__name__}"
