"""Draw docs/explorer.svg, the picture in the README: the explorer on the sample runs, three of them marked.

PYTHONPATH=logger:tui .venv/bin/python scripts/picture.py [FILE]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZE = (150, 42)
MARKED = ("lr-0.1-seed-0", "lr-0.01-seed-0", "lr-1.0-seed-0")


async def picture(path: Path) -> None:
    """Open the explorer, mark the runs, look at the charts, save."""
    from tailboard_tui.app import TailboardApp
    from tailboard_tui.screens.explorer import Explorer
    from tailboard_tui.settings import Settings
    from tailboard_tui.store.runs import load_rows
    from tailboard_tui.widgets.run_table import RunTable

    app = TailboardApp(["sample_runs"], Settings(theme="tailboard-dark"))
    async with app.run_test(size=SIZE) as pilot:
        explorer = app.screen_stack[0]
        assert isinstance(explorer, Explorer)

        async def settle() -> None:
            for _ in range(12):
                await pilot.pause(0.1)

        await settle()
        table = explorer.query_one(RunTable)
        for row in load_rows(["sample_runs"], full=False):
            if row.facts.name in MARKED:
                table.go_to(row.key)
                await pilot.press("space")
        await pilot.press("1", "plus", "plus", "plus")
        await settle()
        path.write_text(app.export_screenshot(title="tailboard sample_runs"))


if __name__ == "__main__":
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as private:
        for kind in ("CACHE", "STATE", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(private, kind))
        asyncio.run(picture(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "explorer.svg"))
