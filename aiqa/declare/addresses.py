"""Addresses of remote data: declared without credentials, which come from the environment."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from aiqa.errors import DeclarationError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_SECRET = re.compile(
    r"token|secret|passw|pwd|credential|signature|api-?_?key|access-?_?key|account-?_?key|^(sig|key|auth)$",
    re.IGNORECASE,
)


def scheme_of(address: str) -> str | None:
    """Return the scheme of an address; None for a path.

    Examples
    --------
    >>> scheme_of("s3://bucket/orders.parquet"), scheme_of("data/orders.parquet")
    ('s3', None)
    """
    match = _SCHEME.match(address)
    return match.group(1).lower() if match and match.group(1).lower() != "file" else None


def checked_address(address: str) -> str:
    """Return an address that holds no credentials, which evidence and the repository would show.

    Raises
    ------
    DeclarationError
        If it holds any; the message does not repeat them.
    """
    if scheme_of(address) is None:
        return address
    try:
        parts = urlsplit(address)
        held = parts.password is not None
    except ValueError:
        raise DeclarationError("not an address that can be read") from None
    given = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.search(name)]
    if held or given:
        what = f"{given[0]}=" if given else "a password"
        raise DeclarationError(
            f"the address of {parts.hostname or 'the data'} holds {what}, which the repository and evidence "
            "would show: leave it to the environment"
        )
    return address
