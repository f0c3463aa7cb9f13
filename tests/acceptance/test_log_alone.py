"""A plain log on its own, in a real terminal: in the editor, and on the clipboard by the user's own act."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from helpers import until
from terminal import TAILBOARD, Terminal


def test_a_plain_log_opens_alone_in_the_editor_and_on_the_clipboard(tmp_path: Path) -> None:
    log, noted = tmp_path / "name with $(blank).log", tmp_path / "noted"
    log.write_text("first\nsecond\n\x1b]52;c;QUJD\x07third\n")
    editor = tmp_path / "editor.py"
    editor.write_text(f"import json, sys\nopen({str(noted)!r}, 'w').write(json.dumps(sys.argv[1:]))\n")
    env: dict[str, str | None] = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "STATE")}
    env |= {"VISUAL": None, "EDITOR": f"{TAILBOARD[0]} {editor} --flag 'a b'"}
    with Terminal(*TAILBOARD, str(log), env=env) as terminal:
        terminal.wait_for("q quit")
        terminal.send("2")
        terminal.wait_for("first(?s:.)*third")
        terminal.send("O")
        until(lambda: noted.exists() and noted.read_text(), every_s=0.1)
        assert json.loads(noted.read_text()) == ["--flag", "a b", str(log)]
        terminal.wait_for("third")
        assert b"\x1b]52" not in terminal.raw
        terminal.send("y")
        terminal.wait_for("copied 1 line")
        assert b"\x1b]52;c;" + base64.b64encode(b"third\n") in terminal.raw
