"""`ascii = true` in a real terminal: nothing but ASCII is drawn."""

from __future__ import annotations

from pathlib import Path

from terminal import ROOT, TAILBOARD, Terminal


def test_with_ascii_set_no_box_block_braille_or_arrow_reaches_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "tailboard").mkdir()
    (tmp_path / "tailboard" / "config.toml").write_text("ascii = true\n")
    env = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    with Terminal(*TAILBOARD, str(ROOT / "sample_runs"), columns=160, rows=40, env=env) as terminal:
        terminal.wait_for("17 runs")
        for key, expected in (
            ("3", "batch_size"),
            ("6", "Where it ran"),
            ("\tc", "Columns"),
            ("\x1b", "17 runs"),
        ):
            terminal.send(key)
            terminal.wait_for(expected)
        sent = terminal.raw.decode()
    foreign = {char for char in sent if 0x2190 <= ord(char) < 0x2900}
    assert foreign == set()
