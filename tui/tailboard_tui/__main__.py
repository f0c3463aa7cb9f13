"""`python -m tailboard_tui` is the same as the command `tailboard`."""

from tailboard_tui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
