from __future__ import annotations

import base64
import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aiqa.errors import MissingExtraError
from aiqa.evidence.record import CiRecord, Evidence
from aiqa.publish.html import HtmlSink, html
from aiqa.publish.sink import UndeliverableError
from tests.evidence.factories import a_check, a_gate, a_mixed_run, a_run, sliced_gate
from tests.publish.hostile import TEXT, a_hostile_run

VOID = {"meta", "rect", "line", "circle"}


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and text; checks that tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


def in_ci(url: str | None) -> Evidence:
    run = a_mixed_run()
    ci = CiRecord(provider="CI", url=url)
    return run.model_copy(update={"environment": run.environment.model_copy(update={"ci": ci})})


def test_it_shows_every_gate_with_its_numbers() -> None:
    page = Page(html(a_mixed_run()))
    assert page.words.startswith("FAIL: payments, 20261123T154501-4f2c FAIL payments: 7 gates of 2 checks")
    assert "0.872 [0.841, 0.899], n 569" in page.words
    assert "it means The model is worse than promised on this data: do not promote it." in page.words
    assert "file orders.csv, column score, row 17" in page.words
    assert "country=C0 fail 0.3 [0.2, 0.4], n 100" in page.words
    assert "models:/fraud/3" in page.words
    assert "569 rows" in page.words


def test_every_number_has_a_picture_with_words_for_those_who_cannot_see_it() -> None:
    drawn = [svg for svg in Page(html(a_mixed_run())).attributes("svg") if svg.get("role") == "img"]
    assert len(drawn) == 4
    assert drawn[0]["aria-label"] == "0.872 [0.841, 0.899], n 569; required: >= 0.92"


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = Page(html(in_ci("https://ci.example.org/7")))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "img", "object", "embed", "form", "base"}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not names & {"style", "src", "srcset", "data", "action"}
    assert not [name for name in names if name.startswith("on")]
    assert [a["href"] for a in page.attributes("a")] == ["https://ci.example.org/7"]


def test_the_policy_allows_its_own_style_alone() -> None:
    text = html(a_mixed_run())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(m["content"] for m in Page(text).attributes("meta") if "http-equiv" in m)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_text_of_users_stays_text() -> None:
    honest = {tag for tag, _ in Page(html(in_ci(None))).tags}
    page = Page(html(a_hostile_run()))
    assert {tag for tag, _ in page.tags} <= honest
    assert "<script>alert(1)</script>" in page.words
    assert "{{ 7*7 }} {% raw %}" in page.words
    assert "\u202e" not in page.words
    assert "\x1b" not in page.words


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", TEXT, None])
def test_only_web_addresses_are_links(url: str | None) -> None:
    assert Page(html(in_ci(url))).attributes("a") == []


def test_slices_are_bounded() -> None:
    page = Page(html(a_run(a_check(sliced_gate(1234)))))
    assert "1,234 slices, worst first" in page.words
    assert "and 1,034 more pass" in page.words
    assert "country=C199 " in page.words
    assert "country=C200 " not in page.words


def test_a_run_without_gates_has_a_report() -> None:
    page = Page(html(a_run()))
    assert "nothing was decided" in page.words
    assert "Look at these" not in page.words


def test_the_sink_writes_the_same_file_again(tmp_path: Path) -> None:
    sink = HtmlSink("qa.html")
    assert sink.name == "report"
    where = sink.send(a_run(a_check(a_gate())), tmp_path)
    first = Path(where).read_text(encoding="utf-8")
    assert sink.send(a_run(a_check(a_gate())), tmp_path) == where == str(tmp_path / "qa.html")
    assert Path(where).read_text(encoding="utf-8") == first
    assert [file.name for file in tmp_path.iterdir()] == ["qa.html"]


@pytest.mark.parametrize("name", ["../x.html", "a/x.html", "/tmp/x.html", "..", "", "evidence.json", ".html"])
def test_the_report_cannot_leave_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UndeliverableError, match="a plain file name is needed"):
        HtmlSink(name).send(a_run(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_jinja_one_line_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-aiqa\[report\]'"):
        html(a_run())
