"""The one table of actions: what the user can do, and with which key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["app", "explorer", "runs", "right", "charts", "media", "log", "lines", "tree"]
"""Where a key works: everywhere, in the explorer, the run table, the tabs, a pane, any list of lines."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the user can do, with its key."""

    id: str
    """What `config.toml` calls it; the method is `action_<id>` of the scope's widget or screen."""
    keys: str
    """Default keys, comma-separated, in Textual's spelling."""
    label: str
    """One or two words for the footer."""
    help: str
    """One sentence for the help screen and docs/keys.md."""
    scope: Scope
    in_footer: bool = False
    in_palette: bool = True


ACTIONS: tuple[Action, ...] = (
    Action("quit", "q,ctrl+q,ctrl+c", "quit", "Leave tailboard.", "app", True),
    Action("help", "question_mark", "help", "Show all keys.", "app", True),
    Action("command_palette", "ctrl+p", "palette", "All commands, by name.", "app", True, False),
    Action("suspend_process", "ctrl+z", "suspend", "Back to the shell; `fg` returns.", "app", False, False),
    Action("refresh", "r", "refresh", "Look at all files again now.", "explorer"),
    Action("next_pane", "tab", "pane", "Go to the next pane.", "explorer", True, False),
    Action("previous_pane", "shift+tab", "pane", "Go to the previous pane.", "explorer", False, False),
    Action(
        "back",
        "escape",
        "back",
        "Go one step back: close, leave the zoom, clear a filter.",
        "explorer",
        False,
        False,
    ),
    Action("tab_charts", "1", "charts", "Show the charts.", "explorer"),
    Action("tab_log", "2", "log", "Show the output.", "explorer"),
    Action("tab_config", "3", "config", "Show the configuration.", "explorer"),
    Action("tab_system", "4", "system", "Show resource samples.", "explorer"),
    Action("tab_media", "5", "media", "Show images, histograms, tables and text.", "explorer"),
    Action(
        "tab_info",
        "6",
        "info",
        "Show where the run comes from: code, data, environment, problems.",
        "explorer",
    ),
    Action("show_problems", "exclamation_mark", "problems", "List what could not be read.", "explorer"),
    Action("show_alerts", "A", "alerts", "List all alerts.", "explorer"),
    # Run table
    Action("cursor_down", "j,down", "down", "Move down.", "runs", False, False),
    Action("cursor_up", "k,up", "up", "Move up.", "runs", False, False),
    Action(
        "scroll_columns_right", "l,right", "columns", "Scroll the columns to the right.", "runs", False, False
    ),
    Action(
        "scroll_columns_left", "h,left", "columns", "Scroll the columns to the left.", "runs", False, False
    ),
    Action("page_down", "pagedown,ctrl+d", "page", "One page down.", "runs", False, False),
    Action("page_up", "pageup,ctrl+u", "page", "One page up.", "runs", False, False),
    Action("first", "g,home", "first", "Go to the first run.", "runs", False, False),
    Action("last", "G,end", "last", "Go to the last run.", "runs", False, False),
    Action(
        "open_run",
        "enter",
        "open",
        "Give the run the whole screen; open or fold a sweep.",
        "runs",
        True,
        False,
    ),
    Action(
        "toggle_mark", "space", "mark", "Mark the run: marked runs are overlaid and compared.", "runs", True
    ),
    Action("clear_marks", "u", "unmark", "Take all marks away.", "runs"),
    Action("filter_runs", "slash", "filter", "Filter the runs by a query.", "runs", True),
    Action("sort_runs", "s", "sort", "Sort by a column, then by those chosen before.", "runs", True),
    Action("reverse_sort", "S", "reverse", "Reverse the order.", "runs"),
    Action(
        "choose_columns",
        "c",
        "columns",
        "Choose the columns, their order and width, and what a metric column shows.",
        "runs",
    ),
    Action("narrow_name", "less_than_sign", "narrower", "Make the name column narrower.", "runs"),
    Action("widen_name", "greater_than_sign", "wider", "Make the name column wider.", "runs"),
    Action(
        "group_runs",
        "z",
        "group",
        "Group the runs by config keys, status ... or by nothing; at first by sweep.",
        "runs",
    ),
    Action(
        "fold_runs",
        "f",
        "fold",
        "Fold or open a sweep: 3 runs or more of one group, folded at first unless one runs.",
        "runs",
    ),
    Action(
        "choose_view",
        "V",
        "views",
        "Saved views: choose, save or delete filter, order, columns and groups under a name.",
        "runs",
    ),
    Action("edit_tags", "t", "tags", "Edit name, tags and notes.", "runs"),
    Action("toggle_star", "asterisk", "star", "Star the run.", "runs"),
    Action("hide_run", "H", "hide", "Hide the run; on a hidden run, show it again.", "runs"),
    Action(
        "set_baseline",
        "b",
        "baseline",
        "Make the run the baseline of comparisons; a column shows the difference to it.",
        "runs",
    ),
    Action("compare_runs", "C", "compare", "Compare the marked runs.", "runs"),
    Action("archive_run", "delete", "archive", "Move the run to the trash folder, after asking.", "runs"),
    Action("undo_archive", "U", "undo", "Bring back the run that was moved to the trash last.", "runs"),
    Action("show_hidden", "full_stop", "hidden", "List hidden runs too, or not.", "runs"),
    # Charts
    Action("move_down", "j,down", "down", "Next row of charts.", "charts", False, False),
    Action("move_up", "k,up", "up", "Previous row of charts.", "charts", False, False),
    Action(
        "move_left",
        "h,left",
        "left",
        "Chart to the left; the cursor while reading off, the window of a chart at full size.",
        "charts",
        False,
        False,
    ),
    Action(
        "move_right",
        "l,right",
        "right",
        "Chart to the right; the cursor while reading off, the window of a chart at full size.",
        "charts",
        False,
        False,
    ),
    Action(
        "first_chart",
        "g,home",
        "first",
        "First chart; first point while reading off.",
        "charts",
        False,
        False,
    ),
    Action(
        "last_chart", "G,end", "last", "Last chart; last point while reading off.", "charts", False, False
    ),
    Action("page_charts_down", "pagedown,ctrl+d", "page", "Next page of charts.", "charts", False, False),
    Action("page_charts_up", "pageup,ctrl+u", "page", "Previous page of charts.", "charts", False, False),
    Action(
        "zoom_chart", "enter", "zoom", "Show this chart alone, at full size; again to return.", "charts", True
    ),
    Action(
        "filter_charts",
        "slash",
        "filter",
        "Show the metrics whose name matches: text, glob or ~regex.",
        "charts",
        True,
    ),
    Action(
        "cycle_x_axis",
        "x",
        "x axis",
        "X axis: step, relative step, epoch, elapsed, wall time, index.",
        "charts",
        True,
    ),
    Action("toggle_log_y", "y", "log y", "Logarithmic y axis.", "charts", True),
    Action("toggle_log_x", "X", "log x", "Logarithmic x axis.", "charts"),
    Action("smooth_more", "plus,equals_sign", "smooth", "Smooth more.", "charts", True),
    Action("smooth_less", "minus", "smooth", "Smooth less.", "charts"),
    Action("smooth_none", "0", "raw", "No smoothing.", "charts"),
    Action(
        "cycle_smoothing",
        "M",
        "smoothing",
        "Smoothing by moving average (debiased), centred mean, median.",
        "charts",
    ),
    Action("toggle_cursor", "i", "read off", "Read values off: one cursor for all charts.", "charts", True),
    Action("zoom_window", "z", "window", "Zoom in around the cursor or on the newest half.", "charts"),
    Action("reset_window", "Z", "reset", "Show the whole range again.", "charts"),
    Action(
        "toggle_outliers",
        "o",
        "outliers",
        "Show outliers and overwritten points, or keep them out.",
        "charts",
    ),
    Action(
        "pan_left", "less_than_sign,shift+left", "pan", "Move the window to the left.", "charts", False, False
    ),
    Action(
        "pan_right",
        "greater_than_sign,shift+right",
        "pan",
        "Move the window to the right.",
        "charts",
        False,
        False,
    ),
    Action(
        "hold_y",
        "Y",
        "y range",
        "Hold the y axis: type its ends; with none it follows the points again.",
        "charts",
    ),
    Action(
        "compare_baseline",
        "b",
        "baseline",
        "Read off differences from the baseline run (without one, from the first run shown).",
        "charts",
    ),
    Action("toggle_band", "B", "band", "Groups: every run, or mean with a band.", "charts"),
    Action(
        "show_figure",
        "F",
        "best values",
        "Best values of the shown runs: as bars, then against each varied hyperparameter.",
        "charts",
    ),
    Action("pin_chart", "p", "pin", "Keep this chart at the top.", "charts"),
    Action("hide_chart", "H", "hide", "Hide this chart, or show hidden charts again.", "charts"),
    Action("fold_group", "f", "fold", "Fold or unfold this group of charts.", "charts"),
    Action("more_columns", "right_square_bracket", "smaller", "More and smaller charts.", "charts"),
    Action("fewer_columns", "left_square_bracket", "larger", "Fewer and larger charts.", "charts"),
    Action("show_in_log", "v", "log here", "Jump to what was printed at the cursor's moment.", "charts"),
    # Media
    Action("next_media", "j,down", "next", "What was logged under the next name.", "media", True, False),
    Action(
        "previous_media", "k,up", "previous", "What was logged under the name before.", "media", False, False
    ),
    Action("later_media", "l,right", "later", "A later step.", "media", True, False),
    Action("earlier_media", "h,left", "earlier", "An earlier step.", "media", False, False),
    Action("first_media", "g,home", "first", "The first step.", "media", False, False),
    Action("last_media", "G,end", "last", "The last step, and follow.", "media", False, False),
    Action("scroll_media_down", "pagedown,ctrl+d", "page", "One page down.", "media", False, False),
    Action("scroll_media_up", "pageup,ctrl+u", "page", "One page up.", "media", False, False),
    # Log
    Action("log_down", "j,down", "down", "One line down.", "log", False, False),
    Action("log_up", "k,up", "up", "One line up.", "log", False, False),
    Action("log_left", "h,left", "left", "Scroll to the left.", "log", False, False),
    Action("log_right", "l,right", "right", "Scroll to the right.", "log", False, False),
    Action("log_page_down", "pagedown,ctrl+d", "page", "One page down.", "log", False, False),
    Action("log_page_up", "pageup,ctrl+u", "page", "One page up.", "log", False, False),
    Action("log_first", "g,home", "first", "First line.", "log", False, False),
    Action("log_last", "G,end", "last", "Last line, and follow.", "log", False, False),
    Action("follow_log", "f", "follow", "Follow the end, or stay here.", "log", True),
    Action("search_log", "slash", "search", "Search: text, or ~regex.", "log", True),
    Action("next_match", "n", "next", "Next match.", "log", True, False),
    Action("previous_match", "N", "previous", "Previous match.", "log", False, False),
    Action("next_error", "e", "error", "Next error or traceback.", "log", True),
    Action("previous_error", "E", "error", "Previous error or traceback.", "log"),
    Action("wrap_log", "w", "wrap", "Wrap long lines.", "log"),
    Action("fold_tracebacks", "z", "fold", "Fold or unfold the frames of tracebacks.", "log"),
    Action("raw_log", "R", "raw", "Show every update of a progress bar, or its last.", "log"),
    Action("filter_log", "ampersand", "filter", "Show only lines that match, or !hide them.", "log"),
    Action("expand_line", "enter", "whole line", "Show the whole line.", "log", False),
    Action(
        "switch_log", "o", "file", "Next output file of this run; after the last all of them by time.", "log"
    ),
    Action("goto_time", "T", "time", "Go to a time.", "log"),
    Action("show_in_charts", "v", "charts here", "Set the charts' cursor to the moment of this line.", "log"),
    Action("select_lines", "V", "select", "Select lines, then y copies.", "log"),
    Action("copy_lines", "y", "copy", "Copy the line or the selection to the clipboard.", "log"),
    Action("copy_time", "Y", "copy time", "Copy when this line was printed.", "log"),
    Action("save_log", "W", "save", "Save what is shown to a file.", "log"),
    Action("open_pager", "P", "pager", "Open the file in $PAGER.", "log"),
    Action("open_editor", "O", "editor", "Open the file in $EDITOR.", "log"),
    # Lists of lines
    Action("line_down", "j,down", "down", "One line down.", "lines", False, False),
    Action("line_up", "k,up", "up", "One line up.", "lines", False, False),
    Action("lines_left", "h,left", "left", "Scroll to the left.", "lines", False, False),
    Action("lines_right", "l,right", "right", "Scroll to the right.", "lines", False, False),
    Action("lines_page_down", "pagedown,ctrl+d", "page", "One page down.", "lines", False, False),
    Action("lines_page_up", "pageup,ctrl+u", "page", "One page up.", "lines", False, False),
    Action("line_first", "g,home", "first", "First line.", "lines", False, False),
    Action("line_last", "G,end", "last", "Last line.", "lines", False, False),
    # Config and Info
    Action("toggle_line", "enter", "fold", "Fold or unfold this part.", "tree", True, False),
    Action("tree_filter", "slash", "search", "Search keys and values.", "tree", True),
    Action(
        "only_differences",
        "d",
        "differences",
        "With marked runs: show only what differs between them.",
        "tree",
        True,
    ),
)
"""In the order in which help shows them. No key stands twice in one scope (tested)."""
