"""``[tool.aiqa]`` in ``pyproject.toml``: read once, checked, with errors that name the key."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aiqa.declare.gate import Policy
from aiqa.errors import ConfigError, nearest

Tier = Literal["smoke", "pr", "full"]


class Settings(BaseModel):
    """Base of all tables: immutable and closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PolicySettings(Settings):
    """The policy of a tier or of the project; what is absent is inherited."""

    confidence: float | Literal["point"] | None = None
    severity: Literal["block", "warn"] | None = None
    inconclusive: Literal["warn", "block", "allow"] | None = None
    min_support: int | None = Field(default=None, ge=1)
    anytime: bool | int | None = None

    def policy(self) -> Policy:
        """Return it as gates carry it (``confidence = "point"``: the point estimate alone)."""
        told = {
            name: getattr(self, name)
            for name in PolicySettings.model_fields
            if getattr(self, name) is not None
        }
        if told.get("confidence") == "point":
            told["confidence"] = None
        return Policy(**told)


class MlflowSettings(Settings):
    """Where MLflow is; the presence of the table turns the sink on, as does MLFLOW_TRACKING_URI."""

    tracking_uri: str | None = None
    experiment: str | None = None
    timeout: float = Field(default=5.0, gt=0, le=60)


class DatadogSettings(Settings):
    """How Datadog is reached; the presence of the table turns the sink on, as do its variables.

    ``transport = "auto"``: HTTP where DD_API_KEY is set, DogStatsD where DD_DOGSTATSD_URL or
    DD_AGENT_HOST is, otherwise a file of the payloads in the run's folder.
    """

    transport: Literal["auto", "http", "statsd", "file"] = "auto"
    prefix: str = Field(default="aiqa", pattern=r"^[A-Za-z][A-Za-z0-9_.]{0,49}$")
    tags: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    timeout: float = Field(default=5.0, gt=0, le=60)


class ReportSettings(Settings):
    """The HTML report; the presence of the table turns it on."""

    name: str = "report.html"


class HistorySettings(Settings):
    """Where the earlier runs are that ``as_usual()`` holds a value against.

    Parameters
    ----------
    source : {"evidence", "mlflow"}
        The folder of evidence, or the MLflow experiment that results are published to.
    branch : str or None
        Only runs on this branch of git count. Default: all.
    """

    source: Literal["evidence", "mlflow"] = "evidence"
    branch: str | None = None


class SparkSettings(Settings):
    """How runs go on Spark.

    Parameters
    ----------
    fetch_rows : int
        Up to so many rows of a table the columns are fetched that a metric needs which does not add up over
        parts of the data; beyond, such a gate is an error.
    settings : dict
        Spark's own, by name, of a session that aiqa makes (``"spark.master" = "local[4]"``).
    """

    fetch_rows: int = Field(default=1_000_000, ge=0)
    settings: dict[str, str] = {}


class HoldoutSettings(Settings):
    """How often a data set may decide about models before it is worn out.

    Parameters
    ----------
    budget : int
        How many times.
    adaptivity : {"none", "full", "first-change"}
        Whether models are made knowing earlier verdicts on the same rows; "first-change": they are, and the
        data are replaced once a model has passed.
    when_spent : {"warn", "block"}
        What a run does whose decisions the budget no longer covers.
    tighten : bool
        Whether each use is judged at alpha / budget ("full": alpha / 2^budget), so that all hold together.
    ledger : str or None
        The file in which uses are counted, relative to the project's root. Default: ``holdouts.jsonl`` in
        the folder of evidence.
    """

    budget: int = Field(default=32, ge=1)
    adaptivity: Literal["none", "full", "first-change"] = "none"
    when_spent: Literal["warn", "block"] = "warn"
    tighten: bool = False
    ledger: str | None = None

    @model_validator(mode="after")
    def _can_be_told_from_certainty(self) -> Self:
        if self.tighten and self.adaptivity == "full" and self.budget > _MOST_ADAPTIVE:
            raise ValueError(
                f'tighten with adaptivity = "full" takes a budget of at most {_MOST_ADAPTIVE}: '
                f"alpha / 2^{self.budget} is nothing"
            )
        return self


_MOST_ADAPTIVE = 35
"""0.05 / 2^35 is about 1e-12, below which no bound is computed."""


class Config(PolicySettings):
    """All of ``[tool.aiqa]``.

    Parameters
    ----------
    project : str
        What names the project in MLflow and Datadog. Default: ``[project] name``, then the folder.
    checks : list of str
        Where ``pytest --aiqa`` looks when it is given no path.
    modules : list of str
        Modules of model code whose checks are collected too.
    tier : {"smoke", "pr", "full"}
        What ``--aiqa`` alone runs.
    out : str
        The folder of evidence, relative to the project's root.
    cache : float
        GiB that what is kept for later runs may take, in the folder ``cache`` of that; 0 keeps nothing.
    model_timeout : float or None
        Seconds that a model may take for a data set; it is asked for no further batch after that.
    seed : int
        Of every bootstrap.
    parameters : dict
        Values of the parameters that expectations name (``{"$PARAMETER": "name"}``).
    show_values : bool
        Whether evidence may hold values of unexpected rows; never those of personal data.
    """

    project: str = ""
    checks: tuple[str, ...] = ("checks",)
    modules: tuple[str, ...] = ()
    tier: Tier = "full"
    out: str = ".aiqa"
    cache: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    model_timeout: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    parameters: dict[str, Any] = {}
    show_values: bool = False
    tiers: dict[Tier, PolicySettings] = {}
    mlflow: MlflowSettings | None = None
    datadog: DatadogSettings | None = None
    report: ReportSettings | None = None
    holdout: HoldoutSettings = HoldoutSettings()
    history: HistorySettings = HistorySettings()
    spark: SparkSettings = SparkSettings()

    def policy_of(self, tier: str) -> Policy:
        """Return the policy of a tier, over the project's, over the defaults."""
        of_tier = self.tiers[tier].policy() if tier in self.tiers else Policy()
        return of_tier.over(self.policy()).over(DEFAULT_POLICY)


DEFAULT_POLICY = Policy(confidence=0.95, severity="block", inconclusive="warn", min_support=1, anytime=False)


def find_root(folder: Path) -> Path:
    """Return the nearest folder upwards with a ``pyproject.toml``, or `folder` itself."""
    return next((home for home in (folder, *folder.parents) if (home / "pyproject.toml").is_file()), folder)


def read_config(root: Path) -> Config:
    """Read ``[tool.aiqa]`` of the ``pyproject.toml`` in `root`; all defaults where there is none.

    Raises
    ------
    ConfigError
        If the file is no TOML, or a key is unknown or has a wrong value.
    """
    file = root / "pyproject.toml"
    if not file.is_file():
        return Config(project=root.name)
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    project, table = document.get("project", {}), document.get("tool", {}).get("aiqa", {})
    if not isinstance(project, dict) or not isinstance(table, dict):
        raise ConfigError(f"{file}: [project] and [tool.aiqa] must be tables")
    return parse_config({"project": project.get("name") or root.name, **table}, str(file))


def parse_config(table: dict[str, Any], file: str) -> Config:
    """Check a ``[tool.aiqa]`` table; `file` is for the messages."""
    try:
        config = Config.model_validate(_tuples(table))
        for tier in ("smoke", "pr", "full"):
            config.policy_of(tier)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, file) for problem in error.errors())) from None
    except ValueError as error:
        raise ConfigError(f"{file}: [tool.aiqa] {error}") from None
    return config


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(problem: Any, file: str) -> str:
    key = ".".join(map(str, problem["loc"])) or "tool.aiqa"
    if problem["type"] == "extra_forbidden":
        known = _known_keys(problem["loc"][:-1])
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        return f"{file}: [tool.aiqa] has no key '{key}'{nearest(close[0] if close else key, known)}"
    return f"{file}: [tool.aiqa] {key} = {problem['input']!r}: {problem['msg'].lower()}"


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "mlflow": MlflowSettings,
        "datadog": DatadogSettings,
        "report": ReportSettings,
        "history": HistorySettings,
        "holdout": HoldoutSettings,
        "spark": SparkSettings,
        "tiers": PolicySettings,
    }
    return list((tables[path[0]] if path else Config).model_fields)
