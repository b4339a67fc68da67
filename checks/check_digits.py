"""What must hold of the model that reads handwritten digits; see examples/digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

import aiqa
from aiqa import expect, metric

images = aiqa.dataset("digit-images", "examples/digits/data/test.parquet", label="digit")
reader = aiqa.model(
    "digits",
    "examples/digits/models/challenger.skops",
    task="multiclass",
    classes=range(10),
    champion="examples/digits/models/champion.skops",
)


@aiqa.check(images, owner="@ds-vision", tier="smoke")
def images_are_grey() -> Iterator[object]:
    """An image has 64 pixels from white (0) to black (16), and shows one of ten digits."""
    yield expect.column_values_to_be_in_set("digit", range(10))
    for row, column in ((0, 2), (3, 3), (4, 4), (7, 5)):
        yield expect.column_values_to_be_between(f"pixel_{row}_{column}", 0, 16)


@aiqa.check(reader, images, owner="@ds-vision")
def digits_are_read() -> Iterator[object]:
    """A letter with a postcode of five digits reaches its town four times in five."""
    yield metric.accuracy >= 0.96
    yield metric.f1(average="macro") >= 0.96
    yield metric.log_loss <= 0.15


@aiqa.check(reader, images, owner="@ds-vision")
def every_digit_is_read() -> Iterator[object]:
    """No digit is so hard to read that its postcodes suffer."""
    yield metric.recall(average="each") >= 0.85


@aiqa.check(reader, images, owner="@ds-vision")
def reading_got_better() -> Iterator[object]:
    """The new model reads more digits than the one that serves now."""
    yield metric.accuracy.better_than(aiqa.champion, margin=0.01)


@aiqa.check(reader, images, owner="@ds-vision")
def ink_does_not_matter(model: Any, data: pl.DataFrame) -> None:
    """A digit written with a fainter pen is read as the same digit."""
    fainter = data.with_columns(pl.col("^pixel_.*$") * 0.9)
    same = model.predict(fainter).prediction == model.predict(data).prediction
    assert same.mean() >= 0.97, f"{(~same).sum()} of {len(same)} digits are read otherwise"
