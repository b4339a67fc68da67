"""The Datadog API over HTTP: ``POST /api/v2/series``."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from typing import IO
from urllib.parse import urlsplit

from aiqa.errors import AiqaError, ConfigError
from aiqa.publish.datadog.series import Point
from aiqa.publish.datadog.transport import check_age, payloads
from aiqa.publish.deadline import Deadline, within

DEFAULT_SITE = "datadoghq.com"
MAX_REPLY = 64 * 1024
_SITE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other end said, cut where it says too much."""

    status: int
    reset: str | None
    text: str


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """Sends points to the Datadog API.

    Parameters
    ----------
    api_key : str
        Of DD_API_KEY; sent as a header, shown nowhere.
    site : str
        Of DD_SITE, as ``datadoghq.eu``.
    timeout : float
        Seconds for everything together, waiting for a rate limit included.
    address : str, optional
        Of DD_DD_URL, as Datadog's Agent has it: another host that takes the API's requests, by HTTPS or on
        this machine. Default: ``https://api.<site>``.
    """

    api_key: str = field(repr=False)
    site: str = DEFAULT_SITE
    timeout: float = 5.0
    address: str | None = None

    def send(self, points: Sequence[Point]) -> str:
        """Post the points, in several requests where they are many.

        Raises
        ------
        ConfigError
            If there is no key, or the site or the address is none.
        UndeliverableError
            If the run is too old for Datadog.
        AiqaError
            If Datadog refuses, is not there or does not answer in time.
        """
        base = self._base()
        check_age(points)
        deadline = Deadline(self.timeout)
        try:
            within(deadline, lambda: self._post_all(f"{base}/api/v2/series", points, deadline))
        except (OSError, HTTPException) as error:
            raise AiqaError(f"Datadog at {base}: {_reason(error)}") from error
        return f"{base} ({len(points)} points)"

    def _base(self) -> str:
        if not self.api_key:
            raise ConfigError('transport = "http" needs the API key in DD_API_KEY')
        if not all(33 <= ord(character) <= 126 for character in self.api_key):
            raise ConfigError("DD_API_KEY holds characters that no API key has: a line break, a space?")
        if self.address:
            return _checked(self.address)
        if not _SITE.fullmatch(self.site):
            raise ConfigError(f"DD_SITE = {self.site[:60]!r} is no site: datadoghq.com, datadoghq.eu, ...")
        return f"https://api.{self.site.lower()}"

    def _post_all(self, address: str, points: Sequence[Point], deadline: Deadline) -> None:
        for body in payloads(points):
            self._post(address, body, deadline)

    def _post(self, address: str, body: bytes, deadline: Deadline) -> None:
        deadline.check()
        reply = self._ask(address, body, deadline)
        wait = _reset_seconds(reply)
        if wait is not None and wait < deadline.left:
            time.sleep(wait)
            reply = self._ask(address, body, deadline)
        if reply.status != HTTPStatus.ACCEPTED:
            raise AiqaError(f"Datadog at {address}: {_refusal(reply)}")

    def _ask(self, address: str, body: bytes, deadline: Deadline) -> Reply:
        headers = {"Content-Type": "application/json", "DD-API-KEY": self.api_key}
        request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - see _base
        try:
            with _opener().open(request, timeout=max(deadline.left, 0.01)) as answer:
                return _reply(answer.status, answer.headers, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.headers, error)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: urllib would hand the key to whatever host the reply names."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.username or parts.query or parts.fragment:
        raise ConfigError("DD_DD_URL must be a plain address, without credentials, query or fragment")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return address.rstrip("/")
    raise ConfigError(f"DD_DD_URL = {address[:100]!r} must be https:// (http:// only on this machine)")


def _reply(status: int, headers: Message, answer: IO[bytes]) -> Reply:
    text = answer.read(MAX_REPLY).decode("utf-8", "replace")
    return Reply(status, headers.get("X-RateLimit-Reset"), text)


def _reset_seconds(reply: Reply) -> float | None:
    if reply.status != HTTPStatus.TOO_MANY_REQUESTS or not re.fullmatch(r"\d{1,6}", reply.reset or ""):
        return None
    return float(reply.reset or 0)


def _refusal(reply: Reply) -> str:
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"refuses the key in DD_API_KEY ({reply.status}): is it of this site (DD_SITE)?"
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"too many requests (429); its limit resets in {(reply.reset or 'unknown')[:6]} s"
    return f"answered {reply.status} where 202 means accepted: {_errors(reply.text)}"


def _errors(text: str) -> str:
    try:
        told = json.loads(text)["errors"]
    except (ValueError, KeyError, TypeError):
        return text[:200] or "nothing else"
    return ", ".join(map(str, told))[:200] if isinstance(told, list) else text[:200]


def _reason(error: BaseException) -> str:
    return str(error.reason if isinstance(error, urllib.error.URLError) else error) or type(error).__name__
