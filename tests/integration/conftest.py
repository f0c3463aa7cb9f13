"""What tests of commands stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import three_runs


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of three runs where commands look by default, and XDG directories of our own."""
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("TAILBOARD_DIR", str(tmp_path / "runs"))
    return three_runs(tmp_path / "runs")
