from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import write_run
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.store.annotations import Annotation, Notebook, annotate, notebook_path, parse


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def facts(path: Path, source: str = "tailboard") -> RunFacts:
    return RunFacts(id=path.name, name="given", source=source, path=str(path), tags=("old",))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_our_own_runs_are_annotated_in_their_directory(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1")
    annotate(facts(run), Annotation(tags=("good",), star=True), now=12.5)
    annotate(facts(run), Annotation(notes=""), now=13.0)
    assert lines(run / "annotations.jsonl") == [
        {"time": 12.5, "tags": ["good"], "star": True},
        {"time": 13.0, "notes": ""},
    ]
    assert not notebook_path().exists()


def test_a_torn_line_stays_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1")
    (run / "annotations.jsonl").write_text('{"star": tr')
    annotate(facts(run), Annotation(star=True), now=1.0)
    assert (run / "annotations.jsonl").read_text() == '{"star": tr\n{"time": 1.0, "star": true}\n'


def test_foreign_runs_are_annotated_in_the_state_directory_only(tmp_path: Path) -> None:
    run = tmp_path / "events"
    run.mkdir()
    annotate(facts(run, "tensorboard"), Annotation(name="nice", hidden=True), now=1.0)
    assert list(run.iterdir()) == []
    book = Notebook()
    assert book.refresh() == {str(run)}
    noted = book.apply(facts(run, "tensorboard"))
    assert (noted.name, noted.tags, noted.is_hidden, noted.star) == ("nice", ("old",), True, False)


def test_a_run_that_cannot_be_written_to_is_annotated_in_the_state_directory(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1")
    (run / "annotations.jsonl").symlink_to(tmp_path / "elsewhere")
    annotate(facts(run), Annotation(star=True), now=1.0)
    assert not (tmp_path / "elsewhere").exists()
    book = Notebook()
    book.refresh()
    assert book.apply(facts(run)).star


def test_later_lines_win_entry_by_entry(tmp_path: Path) -> None:
    run = facts(tmp_path / "x", "csv")
    for change in (Annotation(name="a", star=True), Annotation(tags=()), Annotation(star=False)):
        annotate(run, change, now=1.0)
    book = Notebook()
    book.refresh()
    noted = book.apply(run)
    assert (noted.name, noted.tags, noted.star) == ("a", (), False)


def test_only_runs_of_which_something_else_is_said_are_told(tmp_path: Path) -> None:
    book = Notebook()
    assert book.refresh() == frozenset()
    annotate(facts(tmp_path / "a", "csv"), Annotation(star=True), now=1.0)
    annotate(facts(tmp_path / "b", "csv"), Annotation(star=True), now=1.0)
    assert book.refresh() == {str(tmp_path / "a"), str(tmp_path / "b")}
    assert book.refresh() == frozenset()
    annotate(facts(tmp_path / "b", "csv"), Annotation(star=False), now=2.0)
    assert book.refresh() == {str(tmp_path / "b")}
    notebook_path().unlink()
    assert book.refresh() == {str(tmp_path / "a"), str(tmp_path / "b")}
    assert not book.apply(facts(tmp_path / "a", "csv")).star


def test_damage_in_the_notebook_costs_only_its_line(tmp_path: Path) -> None:
    annotate(facts(tmp_path / "a", "csv"), Annotation(star=True), now=1.0)
    with notebook_path().open("ab") as file:
        file.write(b'\xff\xfe\n[1]\n{"path": 3}\n{"path": "/b", "tags": "x", "star": 1, "name": []}\n{"pa')
    book = Notebook()
    assert book.refresh() == {str(tmp_path / "a"), "/b"}
    assert book.apply(facts(tmp_path / "a", "csv")).star


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "tags", "notes", "star", "hidden", "x"]),
        st.none()
        | st.booleans()
        | st.text(max_size=5)
        | st.integers()
        | st.lists(st.text(max_size=3) | st.none()),
    )
)
def test_any_object_gives_an_annotation(entry: dict[str, object]) -> None:
    found = parse(entry)
    assert found.star in (None, True, False)
    assert found.tags is None or all(isinstance(tag, str) for tag in found.tags)
    assert Annotation().merged(found) == found
