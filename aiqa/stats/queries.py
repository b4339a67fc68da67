"""Rankings query by query: NDCG, average precision, reciprocal rank, hits, precision and recall at k.

Rows of equal score have no order of their own. Each value is its mean over all orders of the tied rows, in
closed form (McSherry & Najork, ECIR 2008), as scikit-learn's ``ndcg_score`` has it. Nothing loops over
queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Gain = Literal["linear", "exponential"]


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """Rows in falling order of score within their queries, equal scores as one tie.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        The rows, by query and then by score.
    relevance : ndarray of float, shape (n,)
        In that order.
    start : ndarray of int, shape (queries,)
        Where each query begins.
    tie : ndarray of int, shape (ties,)
        Where each tie begins; a row whose score no other has is one of its own.
    first : ndarray of int, shape (queries,)
        The first tie of each query.
    above, size : ndarray of int, shape (ties,)
        Rows of the query that rank higher, and those of the tie.
    relevant : ndarray of float, shape (ties,)
        Rows of the tie whose relevance is not 0.
    """

    order: Places
    relevance: Floats
    start: Places
    tie: Places
    first: Places
    above: Places
    size: Places
    relevant: Floats

    @property
    def sizes(self) -> Places:
        """Rows of each query."""
        return np.diff(np.append(self.start, len(self.order)))

    @property
    def found(self) -> Floats:
        """Relevant rows of each query."""
        return self.by_query(self.relevant)

    def by_query(self, of_ties: Floats) -> Floats:
        """Return the sum over each query's ties."""
        return np.asarray(np.add.reduceat(of_ties, self.first), dtype=float)

    def of_query(self, of_queries: NDArray[Any]) -> NDArray[Any]:
        """Return each tie's value of its query."""
        return np.repeat(of_queries, np.diff(np.append(self.first, len(self.tie))))

    def within(self, k: int | None) -> Places:
        """Return how many rows of each tie are among the first k of their query."""
        return self.size if k is None else np.clip(k - self.above, 0, self.size)


def rankings(query: NDArray[Any], score: NDArray[Any], relevance: NDArray[Any]) -> Rankings:
    """Sort rows by query and score.

    Parameters
    ----------
    query : ndarray of numbers, shape (n,)
        Equal for the rows of a query, in any order.
    score : ndarray of float, shape (n,)
        The larger, the higher a row ranks.
    relevance : ndarray of float, shape (n,)
        0 or 1, or grades from 0 up.

    Examples
    --------
    >>> ranked = rankings(np.array([7, 3, 7]), np.array([0.1, 0.5, 0.9]), np.array([1, 0, 0]))
    >>> ranked.order.tolist(), ranked.start.tolist()
    ([1, 2, 0], [0, 1])
    """
    order = np.lexsort((-np.asarray(score), query))
    return _grouped(order, query[order], np.asarray(score)[order], np.asarray(relevance, dtype=float)[order])


def worst(of: Rankings) -> Rankings:
    """Return the same queries with their rows in the worst order, the most relevant ones last."""
    query, size = np.repeat(np.arange(len(of.start)), of.sizes), of.sizes
    if _zero_or_one(of.relevance):
        place = np.arange(len(query)) - np.repeat(of.start, size)
        rising = np.where(place < np.repeat(size - of.found, size), 0.0, 1.0)
    else:
        rising = of.relevance[np.lexsort((of.relevance, query))]
    return _grouped(np.arange(len(query)), query, rising, rising)


def _zero_or_one(values: Floats) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _grouped(order: Places, query: NDArray[Any], score: NDArray[Any], relevance: Floats) -> Rankings:
    new = np.concatenate([[True], query[1:] != query[:-1]])
    begins = new | np.concatenate([[True], score[1:] != score[:-1]])
    start, tie = np.flatnonzero(new), np.flatnonzero(begins)
    relevant = np.asarray(np.add.reduceat(relevance > 0, tie, dtype=float))
    above = tie - start[np.cumsum(new)[tie] - 1]
    size = np.diff(np.append(tie, len(order)))
    return Rankings(order, relevance, start, tie, np.searchsorted(tie, start), above, size, relevant)


def ndcg(of: Rankings, k: int | None = None, *, gain: Gain = "linear") -> Floats:
    """Return the normalised discounted cumulative gain of each query.

    Järvelin & Kekäläinen, ACM TOIS 20 (2002). The gain over log2(rank + 1), added up over the first k rows,
    as a share of what the best order would have; the gain is the relevance, or with ``gain="exponential"``
    2^relevance - 1 (Burges et al., ICML 2005). 0 where no row is relevant.

    Examples
    --------
    >>> ranked = rankings(np.zeros(3), np.array([0.9, 0.5, 0.1]), np.array([0, 2, 1]))
    >>> ndcg(ranked).round(6).tolist()
    [0.669672]
    """
    gains = of.relevance if gain == "linear" else np.exp2(of.relevance) - 1
    discount = _summed(1 / np.log2(np.arange(2, int(of.sizes.max()) + 2)), k)
    shares = discount[of.above + of.size] - discount[of.above]
    seen = of.by_query(np.add.reduceat(gains, of.tie) / of.size * shares)
    best = _best(of, gains, discount)
    return np.divide(seen, best, out=np.zeros(len(seen)), where=best > 0)


def _best(of: Rankings, gains: Floats, discount: Floats) -> Floats:
    """Return the discounted gain of the best order of each query."""
    if _zero_or_one(gains):
        return np.asarray(discount[of.found.astype(int)])
    query = np.repeat(np.arange(len(of.start)), of.sizes)
    falling = gains[np.lexsort((-gains, query))]
    place = np.arange(len(gains)) - np.repeat(of.start, of.sizes)
    return np.asarray(np.add.reduceat(falling * np.diff(discount)[place], of.start), dtype=float)


def _summed(values: Floats, k: int | None) -> Floats:
    """Return sums of the first 0, 1, 2, ... values, those after the k-th being 0."""
    if k is not None:
        values = np.where(np.arange(len(values)) < k, values, 0.0)
    return np.concatenate([[0.0], np.cumsum(values)])


def average_precision(of: Rankings, k: int | None = None) -> Floats:
    """Return the average precision of each query.

    The mean, over its relevant rows, of the precision at their rank, of those among the first k, over the
    number that could be there: min(k, relevant rows). 0 where no row is relevant. Where rows tie this is the
    mean over their orders, and not scikit-learn's ``average_precision_score``, which takes a tie as one step.

    Examples
    --------
    >>> ranked = rankings(np.zeros(3), np.array([0.9, 0.5, 0.1]), np.array([1, 0, 1]))
    >>> average_precision(ranked).round(4).tolist()
    [0.8333]
    """
    taken, size, found = of.within(k), of.size, of.relevant
    so_far = np.cumsum(found) - found
    before = so_far - of.of_query(so_far[of.first])
    # At place i of its tie a relevant row has on average (i - 1) next relevant ones above it in the tie.
    next_one = np.divide(found - 1, size - 1, out=np.zeros(len(size)), where=size > 1)
    harmonic = _summed(1 / np.arange(1.0, int(of.sizes.max()) + 1), None)
    inverse = harmonic[of.above + taken] - harmonic[of.above]
    level = before + 1 - next_one - next_one * of.above
    total = of.by_query(found / size * (next_one * taken + level * inverse))
    possible = of.found if k is None else np.minimum(of.found, k)
    return np.divide(total, possible, out=np.zeros(len(total)), where=possible > 0)


def reciprocal_rank(of: Rankings, k: int | None = None) -> Floats:
    """Return one over the rank of each query's first relevant row; 0 where none is (among the first k).

    Examples
    --------
    >>> ranked = rankings(np.zeros(3), np.array([0.9, 0.5, 0.5]), np.array([0, 1, 0]))
    >>> reciprocal_rank(ranked).round(6).tolist()
    [0.416667]
    """
    place = np.where(of.relevant > 0, np.arange(len(of.tie)), len(of.tie))
    tie = np.minimum.reduceat(place, of.first)
    some = tie < len(of.tie)
    values = np.zeros(len(of.start))
    values[some] = _first_of_ties(of, tie[some], k)
    return values


def _first_of_ties(of: Rankings, tie: Places, k: int | None) -> Floats:
    """Return the mean of one over the rank of the first relevant row of each of these ties."""
    above, size, found = of.above[tie], of.size[tie], of.relevant[tie]
    plain = found == size
    values = np.where(plain & ((above < k) if k is not None else True), 1 / (above + 1.0), 0.0)
    mixed = np.flatnonzero(~plain)
    if not len(mixed):
        return values
    lengths = (size - found + 1)[mixed].astype(int)
    of_tie = np.repeat(mixed, lengths)
    place = np.arange(len(of_tie)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    rank = above[of_tie] + place
    chance = _choose(size[of_tie] - place, found[of_tie] - 1) - _choose(size[of_tie], found[of_tie])
    parts = np.exp(chance) / rank
    if k is not None:
        parts = np.where(rank <= k, parts, 0.0)
    values[mixed] = np.add.reduceat(parts, np.cumsum(lengths) - lengths)
    return values


def _choose(whole: NDArray[Any], part: NDArray[Any]) -> Floats:
    """Return the logarithm of the number of subsets."""
    from scipy.special import gammaln

    return np.asarray(gammaln(whole + 1.0) - gammaln(part + 1.0) - gammaln(whole - part + 1.0), dtype=float)


def hit_rate(of: Rankings, k: int) -> Floats:
    """Return for each query whether a relevant row is among the first k: 0 or 1, in between where rows tie.

    Examples
    --------
    >>> hit_rate(rankings(np.zeros(3), np.array([0.9, 0.5, 0.5]), np.array([0, 1, 0])), 2).tolist()
    [0.5]
    """
    taken, size, found = of.within(k), of.size, of.relevant
    missed = np.where((taken == size) & (found > 0), 0.0, 1.0)
    # Of a tie that k cuts: the chance that all taken are irrelevant.
    cut = np.flatnonzero((taken > 0) & (taken < size) & (found > 0))
    rows, hidden, others = size[cut], taken[cut], (size - found)[cut]
    chance = _choose(np.maximum(others, hidden), hidden) - _choose(rows, hidden)
    missed[cut] = np.where(others < hidden, 0.0, np.exp(chance))
    return np.asarray(1 - np.multiply.reduceat(missed, of.first), dtype=float)


def precision_at(of: Rankings, k: int) -> Floats:
    """Return how many of the first k rows are relevant, over k, also where a query has fewer rows.

    Examples
    --------
    >>> precision_at(rankings(np.zeros(3), np.array([0.9, 0.5, 0.1]), np.array([1, 0, 1])), 2).tolist()
    [0.5]
    """
    return _relevant_at(of, k) / k


def recall_at(of: Rankings, k: int) -> Floats:
    """Return the share of each query's relevant rows that are among the first k; 0 where it has none.

    Examples
    --------
    >>> recall_at(rankings(np.zeros(3), np.array([0.9, 0.5, 0.1]), np.array([1, 0, 1])), 2).tolist()
    [0.5]
    """
    found = of.found
    return np.divide(_relevant_at(of, k), found, out=np.zeros(len(found)), where=found > 0)


def _relevant_at(of: Rankings, k: int) -> Floats:
    return of.by_query(of.relevant * of.within(k) / of.size)


BY_QUERY: dict[str, Callable[..., Floats]] = {
    "ndcg": ndcg,
    "mean_average_precision": average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
    "precision_at": precision_at,
    "recall_at": recall_at,
}
"""What each metric of rankings is the mean of, over queries."""
