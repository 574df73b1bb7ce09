"""Archives of a book's files."""

import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.merger.archive import archive


def archived(*files: tuple[str, Path]) -> bytes:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "a.zip"
        archive(out, files)
        return out.read_bytes()


def test_files_come_out_as_they_went_in_under_their_names(tmp_path: Path) -> None:
    sound, text = tmp_path / "a", tmp_path / "b"
    sound.write_bytes(bytes(range(256)) * 9_000)
    text.write_text("Olá")
    with zipfile.ZipFile(BytesIO(archived(("chapters/001-maré.mp3", sound), ("audiobook.vtt", text)))) as found:
        assert found.testzip() is None
        assert found.namelist() == ["chapters/001-maré.mp3", "audiobook.vtt"]
        assert found.read("chapters/001-maré.mp3") == sound.read_bytes()
        assert {entry.compress_type for entry in found.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.external_attr >> 16 for entry in found.infolist()} == {0o644}


def test_an_archive_tells_nothing_of_when_it_was_made(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("mar")
    two.write_text("mar")
    two.touch()
    assert archived(("a", one)) == archived(("a", two))


def test_a_file_larger_than_a_zip_once_allowed_is_taken_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)  # in place of 2 GiB
    large = tmp_path / "large"
    large.write_bytes(bytes(20_000))
    with zipfile.ZipFile(BytesIO(archived(("book.flac", large)))) as found:
        assert found.read("book.flac") == bytes(20_000)
