"""The report: one HTML file that needs nothing else, for people who do not read terminals."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from pathlib import Path

from aiqa.errors import require_extra
from aiqa.evidence.record import Evidence
from aiqa.evidence.store import replace_file
from aiqa.publish import words
from aiqa.publish.picture import picture
from aiqa.publish.sink import UndeliverableError

SLICES = 200
_FILE_NAME = re.compile(r"\w[\w.-]{0,99}\.html?")


def html(evidence: Evidence) -> str:
    """Return a run as one HTML document without scripts and without anything from elsewhere.

    Its content security policy allows the one style sheet inside it and nothing more.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.
    """
    jinja2 = require_extra("jinja2", "report", "the HTML report")
    files = resources.files("aiqa.publish")
    style = files.joinpath("report.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = words.plain
    template = environment.from_string(files.joinpath("report.html.jinja").read_text(encoding="utf-8"))
    text: str = template.render(
        run=evidence,
        words=words,
        picture=picture,
        attention=list(words.attention(evidence)),
        most_slices=SLICES,
        style=style,
        style_hash=_hash(style),
    )
    return text


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


class HtmlSink:
    """Writes the report into the run's folder.

    Parameters
    ----------
    file_name : str, default "report.html"
        A plain name, without folders, that ends in ``.html``.
    """

    name = "report"

    def __init__(self, file_name: str = "report.html") -> None:
        self.file_name = file_name

    def send(self, evidence: Evidence, folder: Path) -> str:
        """Write the report and return its path.

        Raises
        ------
        UndeliverableError
            If the configured name is no plain name of an HTML file.
        MissingExtraError
            If jinja2 is not installed.
        """
        if not _FILE_NAME.fullmatch(self.file_name):
            raise UndeliverableError(
                f"[tool.aiqa.report] name = {self.file_name!r}: a plain file name is needed, as 'report.html'"
            )
        file = folder / self.file_name
        replace_file(file, html(evidence).encode())
        return str(file)
