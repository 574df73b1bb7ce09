"""Keys as paths."""

from hypothesis import example, given
from hypothesis import strategies as st

from darkchannel.storage import escape

ALPHABET = st.one_of(
    st.sampled_from(["%", "2", "5", "E", "0", "A", "7", "F", "-", "+", "=", ".", "/", "\n", "\x7f", "é", "😀", "a"]),
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
)
KEYS = st.one_of(
    st.text(ALPHABET, min_size=1, max_size=40),
    st.builds("".join, st.tuples(st.sampled_from(["a", "%", "é", "."]).map(lambda it: it * 236), st.text(ALPHABET))),
)


@given(KEYS)
@example("%%25")
@example("%\x01")
@example("a%=")
@example("é" * 500)
@example("%" * 1024)
@example(f"{'a' * 240}../b")
@example("//")
def test_every_key_has_its_own_path_and_comes_back_from_it(key: str) -> None:
    found: str | None = None
    for name in escape.path_of(key).split("/"):
        found = escape.joined(found, name)
    assert found == key


@given(KEYS)
def test_no_path_leaves_its_folder_or_starts_with_a_dot_or_is_too_long_for_a_file_system(key: str) -> None:
    for name in escape.path_of(key).split("/"):
        assert name
        assert not name.startswith(".")
        assert len(name.encode() + escape.BESIDE.encode()) <= 255
        assert "\0" not in name


def test_what_people_write_keeps_its_name() -> None:
    for key in ("Dom Casmurro.epub", "2024/50% off.txt", "a%20b+c.txt", "a%2Fb", "~/ação 😀.ssml"):
        assert escape.path_of(key) == key
