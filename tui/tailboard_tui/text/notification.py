"""The control sequence by which a terminal shows a desktop notification."""

from __future__ import annotations

from collections.abc import Mapping

from tailboard_tui.text.safe import clean

TITLE, LIMIT_CHARS = "tailboard", 160

_KNOW_777 = ("rxvt", "foot")
"""Beginnings of `TERM` of terminals that take OSC 777; those on VTE are known by their version."""


def notification(text: str, environ: Mapping[str, str]) -> str:
    """OSC 777 for terminals that know that one, else OSC 9; a terminal that knows neither ignores it.

    With OSC 9 the title begins the text: `9;4;...` is a progress bar to some terminals, and ConEmu takes
    `9;6;...` for a macro to run, so a run's name must not stand there.

    Args:
        text: Any text; what may act on the terminal is replaced.
        environ: The environment of the process.

    Source: OSC 9 https://iterm2.com/documentation-escape-codes.html and, of ConEmu,
    https://conemu.github.io/en/AnsiEscapeCodes.html, OSC 777 the `notify` extension of rxvt-unicode,
    https://codeberg.org/dnkl/foot (foot-ctlseqs(7)), VTE since 0.46.
    """
    shown = clean(text, LIMIT_CHARS)
    if "VTE_VERSION" in environ or environ.get("TERM", "").startswith(_KNOW_777):
        return f"\x1b]777;notify;{TITLE};{shown}\x1b\\"
    return f"\x1b]9;{TITLE}: {shown}\x1b\\"
