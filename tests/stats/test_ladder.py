"""What may be told of one try after another on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from aiqa.stats.leaderboard import ladder


def test_the_first_try_is_told_and_a_better_one_too() -> None:
    rng = np.random.default_rng(0)
    poor, good = (rng.random(1000) < 0.4).astype(float), (rng.random(1000) < 0.2).astype(float)
    first = ladder(poor)
    assert (first.loss, first.better) == (poor.mean(), True)
    second = ladder(good, poor)
    assert (second.loss, second.better) == (good.mean(), True)
    assert second.step == pytest.approx((good - poor).std(ddof=1) / np.sqrt(1000))


def test_a_try_within_the_noise_is_told_the_best_so_far() -> None:
    poor = np.array([1.0] * 40 + [0.0] * 60)
    hardly = poor.copy()
    hardly[0] = 0.0
    told = ladder(hardly, poor)
    assert (told.loss, told.better) == (0.4, False)
    assert not ladder(poor, poor).better


def test_guessing_does_not_climb() -> None:
    """The boosting attack of the paper: vote the random tries that looked good; on the ladder none does."""
    rng, n = np.random.default_rng(1), 400
    truth = rng.random(n) < 0.5
    tries = rng.random((300, n)) < 0.5
    seen = (tries == truth).mean(axis=1)
    attack = tries[seen > 0.5].mean(axis=0) > 0.5
    assert (attack == truth).mean() > 0.6
    best = (tries[0] != truth).astype(float)
    climbed = []
    for one in tries[1:]:
        rung = ladder((one != truth).astype(float), best)
        if rung.better:
            climbed.append(one)
            best = (one != truth).astype(float)
    assert len(climbed) < 12
    assert abs(best.mean() - 0.5) < 0.12


def test_losses_that_are_no_numbers_are_rounded_to_the_rows() -> None:
    assert ladder([0.1, 0.25, 0.3]).loss in (1 / 3, 0.0)


@pytest.mark.parametrize(
    ("losses", "best"), [([], None), ([[1.0]], None), ([float("nan")], None), ([1.0], [1.0, 0.0])]
)
def test_tries_on_other_rows_are_refused(losses: list[float], best: list[float] | None) -> None:
    with pytest.raises(ValueError, match=r"finite loss|not the same rows"):
        ladder(losses, best)
