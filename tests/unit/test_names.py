from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.names import MAX_STEM_BYTES, candidates, stem


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("livro.txt", "livro"),
        ("caixa/Memórias Póstumas.epub", "Memórias Póstumas"),
        ("a/../../etc/passwd", "passwd"),
        ("..%2F..%2Fetc%2Fpasswd.txt", "2F..-2Fetc-2Fpasswd"),
        ("a+b & c.md", "a-b - c"),
        ("😀.md", "audiobook"),
        ("../..", "audiobook"),
        (".txt", "txt"),
        ("v1.2 (final).md", "v1.2 (final)"),
        ("a\x00b\nc.txt", "a-b-c"),
        ("cafe\u0301.txt", "café"),
        ("日本語.txt", "日本語"),
    ],
)
def test_an_audiobook_is_called_after_its_document(key: str, name: str) -> None:
    assert stem(key) == name


@given(st.text(max_size=1_000))
def test_a_name_is_always_safe_as_the_name_of_a_file(key: str) -> None:
    name = stem(key)
    assert name
    assert len(name.encode()) <= MAX_STEM_BYTES
    assert not set(name) & set('/\\\0\n\r:*?"<>|%')
    assert name == name.strip(" .-")
    assert name not in {".", ".."}


def test_nine_hundred_bytes_of_name_are_cut_between_characters() -> None:
    assert stem("é" * 450 + ".txt") == "é" * (MAX_STEM_BYTES // 2)


def test_the_next_of_a_taken_name_has_a_number() -> None:
    assert list(islice(candidates("a"), 3)) == ["a", "a-2", "a-3"]
