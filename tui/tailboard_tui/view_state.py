"""How the user left the explorer: columns, order, filter, per set of roots, in the XDG state directory."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tailboard_tui.settings import state_dir

LIMIT_BYTES = 256 * 1024
"""A longer file is none of ours."""


@dataclass(slots=True)
class ViewState:
    """What is kept. Everything has a default, so a file of another version is never an error."""

    columns: list[str] = field(default_factory=list)
    """Column ids as chosen; empty: automatic."""
    sort: list[tuple[str, bool]] = field(default_factory=list)
    """Column id and whether the largest is first; the first one decides."""
    groups: list[str] = field(default_factory=lambda: ["sweep"])
    """Column ids; empty: none. Runs of one sweep stand together unless the user wants otherwise."""
    folds: dict[str, bool] = field(default_factory=dict)
    """Which groups of the run list are open, where the user has said so; the newest last."""
    query: str = ""
    widths: dict[str, int] = field(default_factory=dict)
    """Cells of the columns that the user made narrower or wider, by id."""
    goals: dict[str, str] = field(default_factory=dict)
    """Which way a metric is better, `min` or `max`, where the user has said so."""
    history: list[str] = field(default_factory=list)
    """Queries, the newest last."""
    charts: dict[str, object] = field(default_factory=dict)
    """How charts are looked at, as `ChartView.to_json` gives it."""
    views: dict[str, dict[str, object]] = field(default_factory=dict)
    """Saved views by name."""


def view_path(roots: Sequence[str]) -> Path:
    """Where the view of these roots is kept."""
    import hashlib  # not before the first paint

    places = "\0".join(os.path.realpath(root) for root in roots)
    digest = hashlib.sha256(places.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return state_dir() / "views" / f"{digest}.json"


def load_view(roots: Sequence[str]) -> ViewState:
    """The view of these roots; what is missing or broken keeps its default."""
    try:
        with view_path(roots).open("rb") as file:
            found = json.loads(file.read(LIMIT_BYTES))
    except (OSError, ValueError, RecursionError):
        return ViewState()
    return view_from(found)


def view_from(found: object) -> ViewState:
    """A view from what JSON gave; anything of another shape keeps its default."""
    view = ViewState()
    if not isinstance(found, dict):
        return view
    for name in ("columns", "groups", "history"):
        value = found.get(name)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            setattr(view, name, value)
    if "folds" not in found and not view.groups:
        view.groups = ViewState().groups  # of a version that grouped nothing by itself
    sort = found.get("sort")
    if isinstance(sort, list):
        view.sort = [(part[0], bool(part[1])) for part in sort if _is_sort(part)]
    widths = found.get("widths")
    if isinstance(widths, dict):
        view.widths = {
            name: width for name, width in widths.items() if type(width) is int and 0 < width <= 400
        }
    folds = found.get("folds")
    if isinstance(folds, dict):
        view.folds = {key: is_open for key, is_open in folds.items() if isinstance(is_open, bool)}
    goals = found.get("goals")
    if isinstance(goals, dict):
        view.goals = {name: side for name, side in goals.items() if side in ("min", "max")}
    if isinstance(found.get("query"), str):
        view.query = found["query"]
    charts = found.get("charts")
    if isinstance(charts, dict):
        view.charts = charts
    views = found.get("views")
    if isinstance(views, dict):
        view.views = {name: value for name, value in views.items() if isinstance(value, dict)}
    return view


SAVED = ("columns", "sort", "groups", "folds", "query", "widths", "goals")
"""What a view that has a name keeps."""


def named_view(view: ViewState) -> dict[str, object]:
    """What is kept of `view` under a name."""
    return {name: copy.copy(getattr(view, name)) for name in SAVED}


def apply_named_view(view: ViewState, saved: Mapping[str, object]) -> None:
    """Set in `view` what `saved` keeps; what it lacks goes back to its default."""
    found = view_from(dict(saved))
    for name in SAVED:
        setattr(view, name, getattr(found, name))


def _is_sort(part: object) -> bool:
    return isinstance(part, list | tuple) and len(part) == 2 and isinstance(part[0], str)


def save_view(roots: Sequence[str], view: ViewState) -> None:
    """Keep the view. A read-only or full disk only means that it is not remembered."""
    import tempfile  # not before the first paint

    path = view_path(roots)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
            json.dump(asdict(view), file)
        os.replace(file.name, path)
    except OSError:
        return
