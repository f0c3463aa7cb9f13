"""Facts of the runs of SwanLab, Guild, Aim and TensorFlow, as their libraries wrote them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from helpers import until
from reading import FIXTURES, found_in, read_all
from tailboard_tui.formats.aim import REASON
from tailboard_tui.formats.base import RunFacts
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.formats.recordlog import RecordLog
from tailboard_tui.formats.wandbnewest import without_repeats
from tailboard_tui.formats.wandbrecords import MAGIC, WandbRecords
from tailboard_tui.store.media_foreign import ForeignMedia, open_media


def facts(fixture: str, run: str) -> RunFacts:
    return reader_of(found_in(FIXTURES / fixture)[run]).facts()


def test_swanlab_tells_its_start_its_configuration_and_how_it_ended() -> None:
    found = facts("swanlab_offline", "run-swan1234")
    assert (found.source, found.project, found.name, found.notes) == ("swanlab", "proj", "my run", "notes")
    assert found.tags == ("a", "b")
    assert found.config["lr"] == 0.001
    assert found.config["model.name"] == "tiny"
    assert found.finish is not None
    assert (found.finish.status, found.finish.error) == ("failed", "out of memory")
    assert found.created is not None
    assert found.finish.time is not None
    assert found.created < found.finish.time
    assert (found.last_step, found.last_values["zero"]) == (29, 0)


def test_swanlab_tells_the_same_once_its_file_is_read() -> None:
    reader = reader_of(found_in(FIXTURES / "swanlab_offline")["run-swan1234"])
    before = reader.facts()
    read_all(reader)
    after = reader.facts()
    assert (after.name, after.tags, after.finish) == (before.name, before.tags, before.finish)


def test_swanlab_tells_as_much_in_the_json_of_older_versions() -> None:
    found = facts("swanlab_backup", "run-swan0007")
    assert (found.project, found.name, found.notes, found.tags) == ("proj", "old run", "notes", ("a",))
    assert found.finish is not None
    assert found.finish.status == "finished"
    assert found.config["lr"] == 0.001


def test_guild_tells_flags_label_operation_and_exit() -> None:
    found = facts("guild_run", "run")
    assert (found.source, found.name, found.group) == ("guild", "train.py mine", "train.py")
    assert found.config == {"rate": 0.2}
    assert found.finish is not None
    assert (found.finish.status, found.finish.exit_code) == ("finished", 0)
    assert found.command is not None
    assert "guild.op_main" in found.command
    (log,) = found.log_files
    assert Path(log.path).read_text().startswith("step: 0\nloss: 1.0\n")


def test_guild_reads_the_event_files_of_the_operation_too(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(FIXTURES / "guild_run/run", run)
    shutil.copytree(FIXTURES / "tensorflow_summaries/old", run / "logs")
    points, _ = read_all(reader_of(found_in(tmp_path)["run"]))
    assert set(points.metrics) == {"loss", "logs/loss"}


def test_runs_of_aim_are_listed_and_say_why_they_show_no_metrics() -> None:
    runs = found_in(FIXTURES / "aim_repository")
    told = [reader_of(found).facts() for found in runs.values()]
    assert {found.name for found in told} == {"a", "b"}
    assert all(found.group == "exp" and found.tags == ("tag",) for found in told)
    assert all([problem.message for problem in found.problems] == [REASON] for found in told)


def test_a_hidden_directory_that_is_a_symlink_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    os.symlink(FIXTURES / "aim_repository/.aim", tmp_path / "root/.aim")
    assert found_in(tmp_path / "root") == {}


def test_what_tensorflow_itself_wrote_is_found_as_media() -> None:
    run = FIXTURES / "tensorflow_summaries/run"
    media = open_media(str(run), "tensorboard")
    assert isinstance(media, ForeignMedia)
    kinds: set[tuple[str, str, float | None]] = set()

    def is_complete() -> bool:
        kinds.update((record.key, record.kind, record.step) for record in media.read())
        return media.is_complete

    until(is_complete)
    assert {("sample", "image", 3.0), ("notes", "text", 0.0)} <= kinds
    assert {step for key, kind, step in kinds if (key, kind) == ("weights", "histogram")} == {0, 10, 20}


def test_the_end_of_a_wandb_file_tells_the_same_with_repeated_steps_left_out() -> None:
    records = RecordLog(MAGIC).feed((FIXTURES / "wandb_offline/run-abc12345/run-abc12345.wandb").read_bytes())
    for count in (1, 5, 16, len(records)):
        told = []
        kept = without_repeats(records[-count:])
        for some in (records[-count:], kept):
            reader = WandbRecords()
            for record in some:
                reader.read(record)
            newest = {
                name: column.values[-1]
                for rows in reader.take()
                if rows.stream == "metrics"
                for name, column in rows.columns.items()
            }
            told.append(
                (
                    repr(sorted(newest.items())),
                    reader.summary,
                    reader.finish,
                    reader.last_time,
                    len(reader.alerts),
                )
            )
        assert told[0] == told[1]
    assert len(without_repeats(records)) < len(records)
