from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rows import run_row, stats
from tailboard_tui.formats.base import Alert
from tailboard_tui.store.alerts import alerts, deserves_attention, has_diverged, listed
from tailboard_tui.store.model import Status
from tailboard_tui.text.notification import notification

NOW = 1_700_000_000.0


def titles(before: object, after: object) -> list[tuple[str, str]]:
    return [(alert.title, alert.level) for alert in alerts(before, after, NOW)]  # type: ignore[arg-type]


def test_a_run_seen_for_the_first_time_raises_nothing() -> None:
    assert alerts(None, run_row(status="failed", metrics={"loss": stats([math.nan])}), NOW) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("running", "failed", [("failed", "error")]),
        ("stalled", "crashed", [("crashed", "error")]),
        ("running", "killed", [("killed", "error")]),
        ("running", "stalled", [("stalled", "warning")]),
        ("running", "finished", [("finished", "info")]),
        ("stalled", "running", []),
        ("failed", "crashed", []),
        ("running", "running", []),
    ],
)
def test_a_change_of_status_is_told_once(
    before: Status, after: Status, expected: list[tuple[str, str]]
) -> None:
    assert titles(run_row(status=before), run_row(status=after)) == expected


def test_the_first_nan_is_told_with_its_step_and_only_once() -> None:
    good = run_row(status="running", metrics={"loss": stats([1.0, 0.5])})
    bad = run_row(status="running", metrics={"loss": stats([1.0, 0.5, math.inf])})
    worse = run_row(status="running", metrics={"loss": stats([1.0, 0.5, math.inf, math.nan])})
    (alert,) = alerts(good, bad, NOW)
    assert (alert.title, alert.text, alert.time) == (
        "loss is not finite",
        "first NaN or infinity at step 2",
        NOW,
    )
    assert alerts(bad, worse, NOW) == []


def test_a_new_metric_that_begins_with_nan_is_told() -> None:
    assert titles(
        run_row(status="running"), run_row(status="running", metrics={"loss": stats([math.nan])})
    ) == [("loss is not finite", "error")]


def test_reading_old_points_for_the_first_time_raises_nothing() -> None:
    unread = run_row(status="running", is_read=False)
    read = run_row(status="running", metrics={"loss": stats([math.nan])})
    assert alerts(unread, read, NOW) == []
    assert alerts(run_row(status="finished"), replace(read, status="finished"), NOW) == []


def test_what_the_run_itself_alerts_is_passed_on() -> None:
    first, second = Alert(1.0, "a"), Alert(2.0, "b", level="error")
    before = run_row(alerts=(first,))
    assert alerts(before, run_row(alerts=(first, second)), NOW) == [second]
    assert alerts(before, before, NOW) == []


def test_divergence_is_losing_more_than_twice_what_was_gained() -> None:
    falling = [1.0 - 0.02 * at for at in range(25)]
    assert not has_diverged(stats([*falling, 1.5]), "minimize")
    assert has_diverged(stats([*falling, 2.5]), "minimize")
    assert has_diverged(stats([-value for value in [*falling, 2.5]]), "maximize")
    assert not has_diverged(stats([*falling, 2.5]), None)
    assert not has_diverged(stats([1.0, 0.5, 9.0]), "minimize")
    assert not has_diverged(stats([*falling, math.nan]), "minimize")
    assert not has_diverged(stats([1.0] * 30 + [2.0]), "minimize")


def test_an_alert_is_listed_once_however_often_it_was_read() -> None:
    said = [Alert(time, f"said {time}", level="warning") for time in (1.0, 3.0)]
    before = run_row(alerts=tuple(said))
    after = run_row(alerts=tuple(Alert(alert.time, alert.title, level="warning") for alert in said))
    own = Alert(2.0, "stalled")
    found = listed([(before, said[1]), (before, own)], [after])
    assert [alert.time for _, alert in found] == [3.0, 2.0, 1.0]


def test_a_run_deserves_attention_for_its_alerts_and_for_what_its_metrics_did() -> None:
    assert not deserves_attention(run_row(metrics={"loss": stats([2.0, 1.0])}))
    assert not deserves_attention(run_row(alerts=(Alert(1.0, "epoch 1"),)))
    assert deserves_attention(run_row(alerts=(Alert(1.0, "spike", level="warning"),)))
    assert deserves_attention(run_row(metrics={"loss": stats([2.0, math.nan])}))
    assert deserves_attention(run_row(metrics={"loss": stats([2.0, *[1.0] * 20, 9.0])}))


@pytest.mark.parametrize(
    ("environ", "begin"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b]9;"),
        ({"TERM": "foot-extra"}, "\x1b]777;notify;tailboard;"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\x1b]777;notify;tailboard;"),
    ],
)
def test_a_notification_is_one_harmless_sequence(environ: dict[str, str], begin: str) -> None:
    sent = notification("run\x1b]52;c;x\x07\x9c\n" + "y" * 500, environ)
    assert sent.startswith(begin)
    assert sent.endswith("\x1b\\")
    assert not set(sent[1:-2]) & set("\x1b\x07\x9c\n")
    assert len(sent) < 200


def test_divergence_is_told_once() -> None:
    falling = [1.0 - 0.02 * at for at in range(25)]
    rows = [
        run_row(status="running", metrics={"loss": stats([*falling, *more])})
        for more in ([], [9.0], [9.0, 9.5])
    ]
    assert titles(rows[0], rows[1]) == [("loss diverges", "warning")]
    assert titles(rows[1], rows[2]) == []
