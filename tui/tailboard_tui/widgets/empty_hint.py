"""What stands on the screen while there is no run: that we look, or how to make one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tailboard_tui.files.remote import copied
from tailboard_tui.text.safe import clean

MAX_PLACES = 5
"""Roots that are named; with more, the first ones."""

EXAMPLE = (
    "import tailboard",
    "",
    'with tailboard.init(project="mnist", config={"lr": 1e-3}) as run:',
    '    run.log({"train/loss": 0.31}, step=1)',
)


def empty_hint(places_found: Sequence[tuple[str, str]], *, is_scanning: bool) -> Content:
    """Where we look and what to do next.

    Args:
        places_found: Each root, and what is wrong with it (empty where all is well).
    """
    places = Content("\n").join(
        Content.assemble(
            ("  " + clean(copied.get(root, root)), "$foreground"),
            (f"  {clean(problem)}" if problem else "", "$error"),
        )
        for root, problem in places_found[:MAX_PLACES]
    )
    if is_scanning:
        return Content.assemble(("Looking for runs in", "$text-dim"), "\n", places)
    lines: list[Content | str | tuple[str, str]] = [
        ("No runs here yet", "bold"),
        "\n\n",
        ("Looking in", "$text-dim"),
        "\n",
        places,
        "\n\n",
        ("Log one from Python; it appears here at once:", "$text-dim"),
        "\n\n",
    ]
    for line in EXAMPLE:
        lines += [("  " + line, "$accent" if line else ""), "\n"]
    lines += [
        "\n",
        ("Record any program without changing it:  ", "$text-dim"),
        ("tailboard run -- python train.py", "$accent"),
        "\n",
        ("See it with made-up runs:                ", "$text-dim"),
        ("tailboard demo", "$accent"),
        "\n",
        ("Look somewhere else:                     ", "$text-dim"),
        ("tailboard PATH", "$accent"),
    ]
    return Content.assemble(*lines)
