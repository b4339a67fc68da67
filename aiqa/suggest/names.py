"""What names tell: which columns hold personal data, which name a row, what a check can be called."""

from __future__ import annotations

import keyword
import re

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_KEYS = frozenset({"guid", "id", "key", "no", "nr", "uuid"})
_PERSONAL_WORDS = frozenset(
    {"city", "dob", "fax", "gps", "iban", "ip", "lat", "latitude", "lng", "lon", "longitude", "mail", "name",
     "names", "pan", "ssn", "tel", "zip"}
)  # fmt: skip
_PERSONAL_PARTS = (
    "address", "addr", "birth", "cardnumber", "email", "familyname", "firstname", "forename", "fullname",
    "lastname", "maidenname", "mobile", "nickname", "passport", "phone", "postal", "postcode", "signature",
    "socialsecurity", "street", "surname", "taxid", "username", "zipcode",
)  # fmt: skip
_TAKEN = frozenset({"aiqa", "expect", "annotations"})


def is_personal(column: str) -> bool:
    """Tell whether the name of a column suggests personal data.

    Examples
    --------
    >>> [is_personal(name) for name in ("customerEmail", "ip_address", "last_name", "shipment")]
    [True, True, True, False]
    """
    words = _words(column)
    return not _PERSONAL_WORDS.isdisjoint(words) or any(part in "".join(words) for part in _PERSONAL_PARTS)


def is_key(column: str) -> bool:
    """Tell whether the name of a column says that its values name something.

    Examples
    --------
    >>> [is_key(name) for name in ("order_id", "orderId", "ID", "invoice no", "paid", "piano")]
    [True, True, True, True, False, False]
    """
    return bool(_KEYS & set(_words(column)[-1:]))


def identifier(name: str) -> str:
    """Return a name as a Python identifier in ASCII that hides nothing.

    Examples
    --------
    >>> identifier("new-orders"), identifier("2026 Q1"), identifier("class"), identifier("???")
    ('new_orders', 'table_2026_q1', 'class_table', 'table')
    """
    plain = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").lower() or "table"
    plain = f"table_{plain}" if plain[0].isdigit() else plain
    return f"{plain}_table" if keyword.iskeyword(plain) or plain in _TAKEN else plain


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]
