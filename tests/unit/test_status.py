"""The state of a run from its facts, its age and the process table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from helpers import until
from tailboard_tui.formats.base import Finish, RunFacts
from tailboard_tui.store.status import Host, Rhythm, Signs, process_start, status, this_host

NOW = 1_800_000_000.0
HERE = Host("here", "boot", 1_799_000_000.0, {4711: 12.5}.get, sees_all=True)
FACTS = RunFacts(
    "id", "name", "tailboard", "/r/id", host="here", boot_id="boot", pid=4711, process_start=12.5
)


def signs(age_s: float | None, record_age_s: float | None = None, rhythm: Rhythm | None = None) -> Signs:
    record = age_s if record_age_s is None else record_age_s
    return Signs(
        last_write=None if age_s is None else NOW - age_s,
        last_record=None if record is None else NOW - record,
        rhythm=rhythm,
    )


@pytest.mark.parametrize("word", ["finished", "failed", "killed"])
def test_a_finish_event_wins_over_a_living_process(word):
    facts = structs.replace(FACTS, finish=Finish(NOW, word, exit_code=3))
    assert status(facts, signs(0), NOW, HERE) == (word, "finish event, exit code 3")


def test_a_run_whose_process_is_alive_is_running():
    assert status(FACTS, signs(30), NOW, HERE) == ("running", "process 4711 is alive")


def test_an_alive_run_that_has_written_nothing_yet_is_running():
    assert status(FACTS, signs(None), NOW, HERE)[0] == "running"


def test_an_alive_run_that_is_quiet_for_much_longer_than_its_usual_gap_is_stalled():
    word, reason = status(FACTS, signs(700, rhythm=Rhythm(5.0, 20.0)), NOW, HERE)
    assert (word, reason) == (
        "stalled",
        "process 4711 is alive, but nothing logged for 11m 40s (usual gap 5.0s)",
    )


def test_a_run_with_long_gaps_is_not_called_stalled_for_one_of_them():
    assert status(FACTS, signs(700, rhythm=Rhythm(5.0, 600.0)), NOW, HERE)[0] == "running"


def test_resource_samples_alone_do_not_hide_a_stall():
    assert status(FACTS, signs(1, record_age_s=700, rhythm=Rhythm(1.0, 2.0)), NOW, HERE)[0] == "stalled"


def test_a_run_whose_process_is_gone_has_crashed():
    facts = structs.replace(FACTS, pid=4712)
    assert status(facts, signs(10), NOW, HERE) == ("crashed", "process 4712 is gone, no finish event")


def test_a_run_that_still_writes_has_not_crashed_although_its_process_cannot_be_seen():
    assert status(structs.replace(FACTS, pid=4712), signs(0.5), NOW, HERE)[0] == "running"


def test_another_process_of_the_same_number_is_not_the_run():
    assert status(structs.replace(FACTS, process_start=99.0), signs(10), NOW, HERE)[0] == "crashed"


def test_a_process_start_in_unix_seconds_is_understood():
    assert status(structs.replace(FACTS, process_start=1_799_000_013.0), signs(10), NOW, HERE)[0] == "running"
    assert status(structs.replace(FACTS, process_start=1_799_000_093.0), signs(10), NOW, HERE)[0] == "crashed"


def test_a_run_converted_from_a_format_that_tells_no_end_is_not_taken_for_crashed():
    facts = RunFacts("id", "name", "tailboard", "/r/id", converted_from="csv")
    assert status(facts, signs(100_000), NOW, HERE)[0] == "unknown"
    from_wandb = structs.replace(facts, converted_from="wandb")
    assert status(from_wandb, signs(100_000), NOW, HERE)[0] == "crashed"


def test_a_run_of_an_earlier_boot_has_crashed():
    word, reason = status(structs.replace(FACTS, boot_id="earlier"), signs(10), NOW, HERE)
    assert (word, reason) == ("crashed", "the machine was restarted since, no finish event")


@pytest.mark.parametrize("pid", [None, -1, 0, 1])
def test_a_process_number_that_means_nothing_falls_to_age(pid):
    facts = structs.replace(FACTS, pid=pid)
    assert status(facts, signs(10), NOW, HERE)[0] == "running"
    assert status(facts, signs(100_000), NOW, HERE)[0] == "crashed"


def test_a_huge_process_number_is_no_process():
    assert process_start(2**70) is None


def test_a_run_of_another_host_falls_to_age():
    facts = structs.replace(FACTS, host="there")
    rhythm = Rhythm(1.0, 2.0)
    assert status(facts, signs(30, rhythm=rhythm), NOW, HERE)[0] == "running"
    assert status(facts, signs(120, rhythm=rhythm), NOW, HERE)[0] == "stalled"
    word, reason = status(facts, signs(1000, rhythm=rhythm), NOW, HERE)
    assert (word, reason) == ("crashed", "silent for 16m 40s on there, no finish event")


def test_a_hostile_host_name_is_shown_harmlessly():
    facts = structs.replace(FACTS, host="\x1b]52;c;x\x07")
    assert "\x1b" not in status(facts, signs(100_000), NOW, HERE)[1]


def test_where_other_processes_are_hidden_an_unseen_one_is_not_called_gone():
    hidden = replace(HERE, sees_all=False)
    assert status(structs.replace(FACTS, pid=4712), signs(30), NOW, hidden)[0] == "running"


def test_a_silent_run_of_a_format_that_tells_no_end_is_unknown():
    facts = RunFacts("id", "name", "tensorboard", "/r")
    assert status(facts, signs(100_000), NOW, HERE)[0] == "unknown"


def test_a_silent_run_that_reached_its_last_step_is_finished():
    facts = RunFacts("id", "name", "tensorboard", "/r")
    reached = replace(signs(100_000), step=99.0, total_steps=100.0)
    assert status(facts, reached, NOW, HERE)[0] == "finished"


def test_a_run_that_writes_again_is_running_again():
    facts = structs.replace(FACTS, host="there")
    rhythm = Rhythm(1.0, 2.0)
    assert status(facts, signs(1000, rhythm=rhythm), NOW, HERE)[0] == "crashed"
    assert status(facts, signs(1, rhythm=rhythm), NOW, HERE)[0] == "running"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e9), st.floats(0, 1e9))
def test_any_times_give_a_status_with_a_reason(age_s, usual_s, longest_s):
    word, reason = status(
        structs.replace(FACTS, host="there"), signs(age_s, rhythm=Rhythm(usual_s, longest_s)), NOW, HERE
    )
    assert word in ("running", "stalled", "crashed")
    assert reason


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="no /proc here")
def test_a_process_killed_with_sigkill_is_seen_to_be_gone_even_as_a_zombie():
    host = this_host()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        facts = structs.replace(
            FACTS,
            host=host.name,
            boot_id=host.boot_id,
            pid=child.pid,
            process_start=process_start(child.pid),
        )
        assert status(facts, signs(30), NOW, host)[0] == "running"
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: status(facts, signs(30), NOW, host)[0] == "crashed")
    finally:
        child.wait()
