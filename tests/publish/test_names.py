from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiqa.publish.names import Names


def _clean(*parts: str) -> str:
    return "/".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)


@given(st.lists(st.lists(st.text(max_size=60), min_size=1, max_size=3).map(tuple), unique=True, max_size=30))
def test_two_names_never_become_one_even_where_case_is_folded(raws: list[tuple[str, ...]]) -> None:
    names = Names(_clean, limit=40)
    given_names = [names(*raw) for raw in raws]
    assert len({name.casefold() for name in given_names}) == len(raws)
    assert all(len(name) <= 40 for name in given_names)


def test_a_name_stays_the_same_for_the_same_parts() -> None:
    names = Names(_clean, limit=250)
    assert names("p@5") == names("p@5") == "p_5"


def test_a_name_that_is_cut_tells_its_tail_by_a_digest_that_other_names_do_not_change() -> None:
    long = "x" * 300
    alone = Names(_clean, limit=250)(long)
    after_another = Names(_clean, limit=250)
    after_another("y" * 300)
    assert len(alone) == 250
    assert after_another(long) == alone != after_another(long + "x")
