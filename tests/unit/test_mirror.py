"""Copies of remote places: only what grew is fetched, nothing is lost when a look fails."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import write_run
from tailboard_tui.files import mirror as mirror_module
from tailboard_tui.files import remote
from tailboard_tui.files.mirror import Mirror
from tailboard_tui.formats.detect import is_inside
from tailboard_tui.store.annotations import Annotation, annotate
from tailboard_tui.store.catalog import Catalog
from tailboard_tui.store.lookup import load_rows
from tailboard_tui.store.trash import TrashError, discard
from tailboard_tui.widgets.header_text import left_texts, place_text

LOG = "/far/run/output.log"
SECONDS = itertools.count(1_700_000_000)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tailboard_tui.settings.cache_dir", lambda: tmp_path / "cache")
    os.makedirs(remote.copies_folder())
    yield
    there().store.clear()
    there().pseudo_dirs[:] = [""]


def there() -> Any:
    """The far machine's files."""
    return fsspec.filesystem("memory")


def mirror() -> Mirror:
    return Mirror("memory://far", there(), "/far")


def test_a_copy_grows_with_its_file_and_only_what_is_new_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    there().pipe(LOG, b"a" * 100_000)
    copy = mirror()
    copy.update()
    inode = os.stat(f"{copy.folder}/run/output.log").st_ino
    there().pipe(LOG, b"a" * 100_000 + b"more")
    lengths: list[int] = []
    monkeypatch.setattr(mirror_module, "_copy", counting(lengths, mirror_module._copy))
    copy.update()
    assert Path(copy.folder, "run/output.log").read_bytes() == there().cat(LOG)
    assert (lengths, os.stat(f"{copy.folder}/run/output.log").st_ino) == ([4], inode)


def counting(lengths: list[int], copy: Any) -> Any:
    def counted(source: Any, target: Any, length: int) -> None:
        lengths.append(length)
        copy(source, target, length)

    return counted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=6000) | st.binary(max_size=3), min_size=1, max_size=6))
def test_a_copy_is_what_its_file_is_after_any_changes(versions: list[bytes]) -> None:
    copy = mirror()
    for content in versions:
        there().pipe(LOG, content)
        there().store[LOG].created = datetime.fromtimestamp(next(SECONDS), tz=UTC)
        copy.update()
        assert Path(copy.folder, "run/output.log").read_bytes() == content


def test_names_that_lead_elsewhere_and_files_of_no_run_are_left_alone(tmp_path: Path) -> None:
    for name in (
        "run/run.json",
        "run/model.pt",
        "run/.git/config",
        "run/events.out.tfevents.1.box",
        "m/0/loss",
    ):
        there().pipe(f"/far/{name}", b"{}")
    there().store["/far/../../outside.json"] = there().store["/far/run/run.json"]
    copy = mirror()
    copy.update()
    found = sorted(
        path.relative_to(copy.folder).as_posix() for path in Path(copy.folder).rglob("*") if path.is_file()
    )
    assert found == ["m/0/loss", "run/events.out.tfevents.1.box", "run/run.json"]
    assert not list(tmp_path.rglob("outside.json"))


def test_a_look_that_fails_leaves_the_copy_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    there().pipe(LOG, b"kept")
    copy = mirror()
    copy.update()
    with monkeypatch.context() as away:
        away.setattr(type(there()), "ls", failing(ConnectionResetError("the link is down")))
        copy.update()
        [place] = Catalog([copy.folder]).places()
        assert place.problem == "not up to date: the link is down"
    assert Path(copy.folder, "run/output.log").read_bytes() == b"kept"
    there().pipe(LOG, b"kept, and more")
    copy.update()
    assert (Path(copy.folder, "run/output.log").read_bytes(), remote.problems[copy.folder]) == (
        b"kept, and more",
        "",
    )


def failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_file_that_cannot_be_read_keeps_the_others_going(monkeypatch: pytest.MonkeyPatch) -> None:
    there().pipe({"/far/a.log": b"a", "/far/b.log": b"b"})
    opened = type(there()).open
    monkeypatch.setattr(
        type(there()),
        "open",
        lambda fs, path, *rest: (
            failing(PermissionError())() if path == "/far/a.log" else opened(fs, path, *rest)
        ),
    )
    copy = mirror()
    copy.update()
    assert os.listdir(copy.folder) == ["b.log"]
    assert remote.problems[copy.folder] == "without 1 files that cannot be read"


def test_what_the_user_says_of_a_run_there_stands_here_and_it_is_not_moved(tmp_path: Path) -> None:
    for path in write_run(tmp_path, name="far").iterdir():
        there().pipe(f"/far/run/{path.name}", path.read_bytes())
    copy = mirror()
    copy.update()
    [row] = load_rows([copy.folder])
    assert not is_inside(annotate(row.facts, Annotation(notes="good"), 1.0), copy.folder)
    with pytest.raises(TrashError, match="another machine"):
        discard(row, [copy.folder], "removed", 1.0)


def test_a_single_file_is_copied_as_one() -> None:
    there().pipe("/far/train.log", b"step 1\n")
    copy = Mirror("memory://far/train.log", there(), "/far/train.log")
    copy.update()
    assert Path(copy.folder).read_bytes() == b"step 1\n"


def test_the_header_names_the_place_as_the_user_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(remote.copied, "/cache/remote/box:runs", "box:runs")
    assert place_text(["/cache/remote/box:runs"]) == "box:runs"


@pytest.mark.parametrize(
    ("path", "is_so"),
    [("box:runs", True), ("s3://b/runs", True), ("./a:b", False), ("a/b:c", False), (":x", False)],
)
def test_a_remote_place_is_told_from_a_path(path: str, is_so: bool) -> None:
    assert remote.is_remote(path) == is_so


def test_the_header_tells_what_is_wrong_with_a_root_however_narrow_it_is() -> None:
    texts = left_texts(["/r"], {"failed": 3}, 3, problem="not up to date", is_scanning=False, query="")
    assert all("▲ not up to date" in text.plain for text in texts[:-1])
    assert texts[-1].plain == "3 runs"
