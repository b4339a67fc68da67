from __future__ import annotations

import time

import pytest

from aiqa.evidence.masking import mask, mask_arguments

SECRET = "hunter2-Zq9"


@pytest.mark.parametrize(
    "text",
    [
        f"https://ann:{SECRET}@host/path",
        f"postgresql+psycopg2://ann:{SECRET}@db:5432/x",
        f"https://{SECRET}@host",
        f"https://host/?token={SECRET}&page=1",
        f"https://bucket/blob?sv=1&sig={SECRET}",
        f"DD_API_KEY={SECRET}",
        f"password: {SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"client_secret='{SECRET} more'",
        f"Authorization: Bearer {SECRET}",
        f"AccountKey={SECRET};EndpointSuffix=x",
        f"401 for MLFLOW_TRACKING_PASSWORD = {SECRET}",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    masked = mask(text)
    assert SECRET not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "A1" * 20,
        "glpat-" + "x" * 20,
        "dapi" + "0a" * 16,
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "xoxb-1234567890-abc",
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    ],
)
def test_tokens_of_known_shape_are_masked_anywhere(token: str) -> None:
    assert mask(f"refused {token}, sorry") == "refused ***, sorry"


@pytest.mark.parametrize(
    "text",
    [
        "models:/fraud@challenger",
        "s3://bucket/data/orders@v2.parquet",
        "git@github.com:org/repo.git",
        "the key is refused",
        "tokenizer=bert",
        "design=3 signal=4",
        "roc_auc >= 0.92: 0.872 [0.841, 0.899], n 569",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask(text) == text


def test_arguments_lose_their_secrets_and_nothing_else() -> None:
    told = ["pytest", "--aiqa", "-k", "token and key", "--keyword=3", "--aiqa-model=models:/fraud@champion"]
    assert mask_arguments(told) == tuple(told)
    secret = [
        f"--my-token={SECRET}",
        "--db-password",
        SECRET,
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"--key={SECRET}",
    ]
    assert mask_arguments(secret) == (
        "--my-token=***",
        "--db-password",
        "***",
        "AWS_SECRET_ACCESS_KEY=***",
        "--key=***",
    )


def test_an_option_after_a_secret_option_is_no_secret() -> None:
    assert mask_arguments(["--token", "--aiqa"]) == ("--token", "--aiqa")


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "token" * 20_000, "://" * 30_000, "token" + " " * 100_000, "eyJ" * 30_000]
)
def test_long_text_costs_little(text: str) -> None:
    began = time.perf_counter()
    mask(text)
    assert time.perf_counter() - began < 2
