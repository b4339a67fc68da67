"""Worlds of known truth: finite populations, from which rows (or whole clusters) are drawn with replacement.

What is true of a world is what a metric says of its whole population, to the last digit: there is no
truth to approximate. Each population is made by a seeded generator from the law that it is named after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, Array]
Rng = np.random.Generator

SIZE = 200_000
"""Rows of a population."""
_CLUSTERS = 20_000
_SURE = 1e-9
"""No model is surer than this: a probability of 0 or 1 has no logit."""
_SEED = 20_260_101


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A population.

    Parameters
    ----------
    columns : dict of ndarray, each (rows,)
        The challenger's answers and, named ``old_...``, the champion's, beside the truth.
    sizes : ndarray of int, shape (clusters,), optional
        How many rows each cluster has, in their order. Default: rows stand alone.
    """

    columns: Columns
    sizes: Ints | None = None

    @property
    def rows(self) -> int:
        """Rows of the population."""
        return len(next(iter(self.columns.values())))

    def whole(self) -> pl.DataFrame:
        """Return the population as one sample."""
        frame = pl.DataFrame(self.columns).with_columns(replicate=pl.lit(0, pl.Int32))
        if self.sizes is None:
            return frame
        return frame.with_columns(unit=np.repeat(np.arange(len(self.sizes)), self.sizes))

    def draw(self, rng: Rng, replicates: int, n: int) -> pl.DataFrame:
        """Draw samples of `n` units each, numbered by the column ``replicate``; clusters by ``unit``."""
        if self.sizes is None:
            rows = rng.integers(0, self.rows, replicates * n)
            return self._frame(rows, np.repeat(np.arange(replicates, dtype=np.int32), n))
        drawn = rng.integers(0, len(self.sizes), replicates * n)
        sizes = self.sizes[drawn]
        starts = np.cumsum(self.sizes) - self.sizes
        before = np.cumsum(sizes) - sizes
        rows = np.repeat(starts[drawn] - before, sizes) + np.arange(sizes.sum())
        replicate = np.repeat(np.repeat(np.arange(replicates, dtype=np.int32), n), sizes)
        # Numbers are used again in each sample: they need to tell clusters apart within it alone.
        unit = np.repeat(np.tile(np.arange(n), replicates), sizes)
        return self._frame(rows, replicate).with_columns(unit=unit)

    def _frame(self, rows: Ints, replicate: NDArray[np.int32]) -> pl.DataFrame:
        taken = {name: values[rows] for name, values in self.columns.items()}
        return pl.DataFrame({**taken, "replicate": replicate})

    def balanced(self) -> World:
        """Return the world in which champion and challenger are equally good: half of it has them swapped."""
        swapped = {name: self.columns[_other(name, self.columns)] for name in self.columns}
        both = {name: np.concatenate([self.columns[name], swapped[name]]) for name in self.columns}
        return World(both, None if self.sizes is None else np.tile(self.sizes, 2))


def _other(name: str, columns: Columns) -> str:
    old = f"old_{name}"
    return name.removeprefix("old_") if name.startswith("old_") else old if old in columns else name


def _rng() -> Rng:
    return np.random.default_rng(_SEED)


def _expit(x: Floats) -> Floats:
    answer: Floats = 1 / (1 + np.exp(-x))
    return answer


def _logit(p: Any) -> Any:
    return np.log(p / (1 - p))


def _pair(rng: Rng, rows: int, correlation: float = 0.7) -> tuple[Floats, Floats]:
    """Return standard normal noise of the challenger and of the champion."""
    first, other = rng.normal(size=(2, rows))
    return first, correlation * first + np.sqrt(1 - correlation**2) * other


def _clusters(rng: Rng) -> tuple[Ints, Floats]:
    """Return the sizes of clusters (1 to some 50, the larger the better), and each row's common effect."""
    effect = rng.normal(size=_CLUSTERS)
    sizes = 1 + rng.poisson(6 * np.exp(0.4 * effect + 0.5 * rng.normal(size=_CLUSTERS)))
    return sizes, np.repeat(effect, sizes)


def labels(
    prevalence: float, recall: float, precision: float, *, clustered: bool = False, weighted: bool = False
) -> World:
    """Two models' labels, which agree in most rows; the champion is a little worse."""
    rng = _rng()
    sizes, effect = _clusters(rng) if clustered else (None, np.zeros(SIZE))
    truth = rng.random(len(effect)) < _expit(_logit(prevalence) + 0.5 * effect * clustered)
    false = prevalence * recall * (1 - precision) / (precision * (1 - prevalence))
    away = np.where(truth, 1.0, -1.0)
    rate = _expit(_logit(np.where(truth, recall, false)) + away * effect)
    worse = _expit(_logit(rate) - 0.2 * away)
    predicted = rng.random(len(truth)) < rate
    old = np.where(rng.random(len(truth)) < 0.7, predicted, rng.random(len(truth)) < worse)
    columns = {"truth": truth, "predicted": predicted, "old_predicted": old}
    whole = {name: values.astype(np.int8) for name, values in columns.items()}
    return World({**whole, **(_weights(rng, predicted == truth) if weighted else {})}, sizes)


def _weights(rng: Rng, more: Array) -> Columns:
    """Return weights that differ tenfold and are larger where `more` is."""
    return {"weight": np.exp(0.6 * rng.normal(size=len(more)) + 0.4 * more)}


def scores(
    prevalence: float,
    *,
    shift: float = 1.5,
    spread: float = 1.0,
    hard: float = 0.0,
    heavy: bool = False,
    graded: bool = False,
    lost: float = 0.0,
    clustered: bool = False,
    weighted: bool = False,
) -> World:
    """Two models' probabilities of a binary class.

    Negatives score N(0, 1), positives N(shift, spread²); a share `hard` of the positives scores like the
    negatives; `heavy` gives both tails of t with 3 degrees of freedom; `graded` leaves five grades. Of a
    share `lost` of the rows the challenger knows nothing, and is otherwise as good as the champion. Equal
    spreads give the calibrated posterior, others the one that a model of equal spreads would claim.
    """
    rng = _rng()
    sizes, effect = _clusters(rng) if clustered else (None, np.zeros(SIZE))
    truth = rng.random(len(effect)) < _expit(_logit(prevalence) + 0.5 * effect * clustered)
    fatter = np.sqrt(3 / rng.chisquare(3, len(truth))) if heavy else 1.0
    hidden = rng.random(len(truth)) < hard
    columns: Columns = {"truth": truth.astype(np.int8)}
    forgotten = rng.random(len(truth)) < lost if lost else np.zeros(len(truth), dtype=bool)
    for name, noise, strength in zip(
        ("score", "old_score"), _pair(rng, len(truth)), (1.0, 1.0 if lost else 0.93), strict=True
    ):
        unknown = hidden | forgotten if name == "score" else hidden
        place = np.where(truth & ~unknown, shift * strength, 0.0)
        x = place + 0.6 * effect + np.where(truth, spread, 1.0) * noise * fatter
        score = _expit(_logit(prevalence) + shift * (x - shift / 2)).clip(_SURE, 1 - _SURE)
        columns[name] = (np.floor(score * 5).clip(0, 4) + 0.5) / 5 if graded else score
    return World({**columns, **(_weights(rng, truth) if weighted else {})}, sizes)


def classes(shares: tuple[float, ...], *, shift: float = 2.0, weighted: bool = False) -> World:
    """Two models' probabilities of several classes, and the labels of the largest."""
    rng = _rng()
    truth = rng.choice(len(shares), SIZE, p=shares)
    columns: Columns = {"truth": truth.astype(np.int8)}
    noises = zip(*(_pair(rng, SIZE) for _ in shares), strict=True)
    for old, noise, strength in zip(("", "old_"), noises, (1.0, 0.93), strict=True):
        logits = np.column_stack(noise) + np.log(shares) / shift
        logits[np.arange(SIZE), truth] += shift * strength
        powers = np.exp(shift * logits)
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        columns |= {f"{old}p{code}": probabilities[:, code] for code in range(len(shares))}
        columns[f"{old}predicted"] = probabilities.argmax(axis=1).astype(np.int8)
    return World({**columns, **(_weights(rng, truth == 0) if weighted else {})})


_ERRORS: dict[str, Callable[[Rng, Floats], Floats]] = {
    "normal": lambda _, z: z,
    "t3": lambda rng, z: z * np.sqrt(3 / rng.chisquare(3, len(z))) / 3**0.5,
    "lognormal": lambda _, z: (np.exp(z) - np.exp(0.5)) / 2,
    "outliers": lambda rng, z: z * np.where(rng.random(len(z)) < 0.02, 10, 1),
    "mostly none": lambda rng, z: z * (rng.random(len(z)) < 0.2),
    "rounded": lambda _, z: np.round(2 * z),
}


def values(
    errors: str = "normal",
    *,
    relative: bool = False,
    uneven: bool = False,
    clustered: bool = False,
    weighted: bool = False,
) -> World:
    """Two models' predictions of a positive number, whose errors have a law of ``_ERRORS``.

    `relative`: errors of the logarithm, so that predictions are positive too; `uneven`: larger where
    the number is.
    """
    rng = _rng()
    sizes, effect = _clusters(rng) if clustered else (None, np.zeros(SIZE))
    truth = np.exp(rng.normal(5, 0.4, len(effect)))
    truth = np.round(truth) if errors == "rounded" else truth
    scale = truth / 150 if uneven else 1.0
    columns: Columns = {"truth": truth}
    noises = zip(("predicted", "old_predicted"), _pair(rng, len(truth)), (1.0, 1.08), strict=True)
    for name, noise, strength in noises:
        error = strength * scale * (_ERRORS[errors](rng, noise) + effect)
        columns[name] = truth * np.exp(-0.15 * error) if relative else truth - 20 * error
        if errors == "rounded":
            columns[name] = np.round(columns[name])
    return World({**columns, **(_weights(rng, truth > 150) if weighted else {})}, sizes)


def forecasts(errors: str = "normal", **how: bool) -> World:
    """Two models' predictions of a number, each with a standard deviation and the ends of an interval."""
    world = values(errors, **how)
    columns = dict(world.columns)
    for old, sigma in (("", 20.0), ("old_", 24.0)):
        predicted = columns[f"{old}predicted"]
        columns[f"{old}sigma"] = np.full(len(predicted), sigma)
        columns |= {f"{old}low": predicted - 1.2 * sigma, f"{old}high": predicted + 1.2 * sigma}
    return World(columns, world.sizes)


def tags(*, clustered: bool = False) -> World:
    """Two models' probabilities of three labels that a row may have, and which go together."""
    rng = _rng()
    sizes, effect = _clusters(rng) if clustered else (None, rng.normal(size=SIZE))
    columns: Columns = {}
    for code, prevalence in enumerate((0.4, 0.2, 0.05)):
        tag = rng.random(len(effect)) < _expit(_logit(prevalence) + 0.7 * effect)
        columns[f"tag{code}"] = tag.astype(np.int8)
        for old, noise, strength in zip(("", "old_"), _pair(rng, len(tag)), (1.5, 1.3), strict=True):
            x = strength * tag + noise + 0.3 * effect
            columns[f"{old}p{code}"] = _expit(_logit(prevalence) + 1.5 * (x - 0.75))
    return World(columns, sizes)


def queries(*, grades: int = 2, found: float = 1.0) -> World:
    """Two models' scores of the documents of queries, easy and hard ones; relevance in grades from 0 up."""
    rng = _rng()
    sizes, effect = _clusters(rng)
    truth = rng.binomial(grades - 1, _expit(-0.5 + 0.5 * effect))
    columns: Columns = {"truth": truth.astype(np.int8)}
    for name, noise, strength in zip(
        ("score", "old_score"), _pair(rng, len(truth)), (1.0, 0.93), strict=True
    ):
        columns[name] = _expit(found * strength * (truth - 0.5) * np.exp(0.3 * effect) + 0.8 * noise)
    return World(columns, sizes)


def columns(*, moved: float = 0.3, steep: float = 1.0, bins: int = 10) -> World:
    """A column of categories now, and what it was before: `moved` changes their shares.

    The shares grow with the category's number, to the power `steep`.
    """
    rng = _rng()
    shares = np.arange(1, bins + 1) ** steep
    tilted = shares * np.exp(moved * rng.normal(size=bins))
    now, before = (rng.choice(bins, SIZE, p=p / p.sum()) for p in (tilted, shares))
    names = np.array([f"category {number}" for number in range(bins)])
    return World({"now": names[now], "before": names[before]})


def numbers(*, moved: float = 0.3, law: str = "normal") -> World:
    """A column of numbers now, and what it was before: `moved` shifts them by so many of their scale."""
    rng = _rng()
    laws: dict[str, Callable[[], Floats]] = {
        "normal": lambda: rng.normal(size=SIZE),
        "lognormal": lambda: rng.lognormal(0.0, 1.0, SIZE),
        "counts": lambda: rng.poisson(3.0, SIZE).astype(float),
    }
    before = laws[law]()
    now = before.copy() if not moved else laws[law]() + moved
    return World({"now": np.round(now) if law == "counts" else now, "before": before})
