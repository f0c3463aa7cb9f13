from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import write_run
from rows import run_row
from tailboard_tui.store import trash
from tailboard_tui.store.model import RunRow, Status
from tailboard_tui.store.trash import TrashError

NOW = 1_700_000_000.125


def row(path: Path, status: Status = "finished", source: str = "tailboard") -> RunRow:
    return run_row(id=path.name, path=str(path), status=status, source=source)


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_run_goes_to_the_trash_and_comes_back_as_it_was(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1", metrics=[{"_step": 0, "loss": 1}])
    before = files(run)
    moved = trash.discard(row(run), [str(tmp_path)], "removed", NOW)
    assert not run.exists()
    assert files(Path(moved.path)) == before
    assert trash.listing([str(tmp_path)]) == [moved]
    assert trash.restore(moved) == str(run)
    assert files(run) == before
    assert trash.listing([str(tmp_path)]) == []


def test_two_runs_of_one_name_lie_side_by_side(tmp_path: Path) -> None:
    for now in (NOW, NOW + 1):
        trash.discard(row(write_run(tmp_path, "r1")), [str(tmp_path)], "archived", now)
    assert [item.time for item in trash.listing([str(tmp_path)])] == [NOW + 1, NOW]


@pytest.mark.parametrize("status", ["running", "stalled"])
def test_a_running_run_is_refused(tmp_path: Path, status: Status) -> None:
    run = write_run(tmp_path, "r1")
    with pytest.raises(TrashError, match=status):
        trash.discard(row(run, status), [str(tmp_path)], "removed", NOW)
    assert run.exists()


def test_a_foreign_run_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1")
    with pytest.raises(TrashError, match="tensorboard"):
        trash.discard(row(run, source="tensorboard"), [str(tmp_path)], "removed", NOW)
    assert run.exists()


def test_a_run_outside_the_roots_and_a_root_itself_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", "r1")
    (tmp_path / "b").mkdir()
    for roots in ([str(tmp_path / "b")], [str(run)], []):
        with pytest.raises(TrashError, match="--root"):
            trash.discard(row(run), roots, "removed", NOW)
    assert run.exists()


def test_a_run_behind_a_symlink_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "real", "r1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(TrashError, match="symlink"):
        trash.discard(row(tmp_path / "link" / "r1"), [str(tmp_path)], "removed", NOW)
    assert run.exists()


@pytest.mark.parametrize("planted", [trash.FOLDER, f"{trash.FOLDER}/removed"])
def test_a_planted_link_leads_nothing_out_of_the_root(tmp_path: Path, planted: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    run = write_run(root, "r1")
    (outside / "removed").mkdir(parents=True)
    (outside / "removed" / "1-x").mkdir()
    (root / planted).parent.mkdir(exist_ok=True)
    (root / planted).symlink_to(outside if planted == trash.FOLDER else outside / "removed")
    with pytest.raises(TrashError):
        trash.discard(row(run), [str(root)], "removed", NOW)
    assert run.exists()
    assert trash.listing([str(root)]) == []


def test_nothing_is_written_over_when_a_run_comes_back(tmp_path: Path) -> None:
    moved = trash.discard(row(write_run(tmp_path, "r1")), [str(tmp_path)], "removed", NOW)
    other = write_run(tmp_path, "r1")
    with pytest.raises(TrashError, match="exists"):
        trash.restore(moved)
    assert other.exists()
    assert Path(moved.path).exists()


def test_emptying_deletes_links_and_not_what_they_lead_to(tmp_path: Path) -> None:
    root, precious = tmp_path / "root", tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    run = write_run(root, "r1")
    (run / "link").symlink_to(precious)
    trash.empty([trash.discard(row(run), [str(root)], "removed", NOW)])
    assert trash.listing([str(root)]) == []
    assert (precious / "file").read_text() == "kept"


def test_a_folder_that_cannot_be_written_to_keeps_its_runs(tmp_path: Path) -> None:
    run = write_run(tmp_path, "r1")
    (tmp_path / trash.FOLDER).write_text("a file is in the way")
    open_files = len(os.listdir("/proc/self/fd"))
    with pytest.raises(TrashError, match="cannot be moved"):
        trash.discard(row(run), [str(tmp_path)], "removed", NOW)
    assert run.exists()
    assert len(os.listdir("/proc/self/fd")) == open_files


def test_strange_names_survive_the_journey(tmp_path: Path) -> None:
    run = write_run(tmp_path, "12-x\ny")
    moved = trash.discard(row(run), [str(tmp_path)], "removed", NOW)
    assert trash.listing([str(tmp_path)]) == [moved]
    assert trash.restore(moved) == str(run)
