"""The area in which charts and headings stand where the page says; widgets are kept and used again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from tailboard_tui.plot.cells import fit
from tailboard_tui.plot.spec import Look
from tailboard_tui.widgets.chart import Chart
from tailboard_tui.widgets.chart_page import Slot


class GroupHeading(Widget):
    """The heading of a group: fold mark, prefix, number of charts, and a rule."""

    DEFAULT_CSS = "GroupHeading { height: 1; }"

    class Clicked(Message):
        """The heading was clicked."""

        def __init__(self, group: str) -> None:
            super().__init__()
            self.group = group

    def __init__(self) -> None:
        super().__init__()
        self.group = ""
        self._text = Content("")

    def show(self, group: str, count: int, look: Look, *, is_folded: bool) -> None:
        """Show the heading of `group`."""
        self.group = group
        mark = ("+" if is_folded else "-") if look.is_ascii else ("▸" if is_folded else "▾")
        text = Content.assemble(
            (f"{mark} ", look.accent), (fit(group or "other", 60), "bold"), (f"  {count}", look.muted)
        )
        if not text.is_same(self._text):
            self._text = text
            self.refresh()

    def render(self) -> Content:
        """The heading."""
        return self._text

    def on_click(self) -> None:
        """Fold or unfold."""
        self.post_message(self.Clicked(self.group))


class _SlotLayout(Layout):
    """Places children where the board's slots are."""

    name = "chart-slots"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """One placement per slot; children without one are not placed."""
        assert isinstance(parent, ChartBoard)
        return [
            WidgetPlacement(
                Region(slot.x, slot.y, slot.width, slot.height), NULL_OFFSET, NULL_SPACING, widget
            )
            for slot, widget in parent.placed
            if widget in children
        ]


class ChartBoard(Widget):
    """A page of charts."""

    DEFAULT_CSS = "ChartBoard { height: 1fr; overflow: hidden; }"

    class Resized(Message):
        """There is another amount of room for charts."""

    def __init__(self) -> None:
        super().__init__()
        self._slot_layout = _SlotLayout()
        self._charts: list[Chart] = []
        self._headings: list[GroupHeading] = []
        self.placed: list[tuple[Slot, Widget]] = []
        """What stands where, from the top."""

    def on_resize(self) -> None:
        """Ask for another page."""
        self.post_message(self.Resized())

    @property
    def layout(self) -> Layout:
        """Places by slot."""
        return self._slot_layout

    @property
    def charts(self) -> list[tuple[Slot, Chart]]:
        """The charts on the page."""
        return [(slot, widget) for slot, widget in self.placed if isinstance(widget, Chart)]

    @property
    def metrics(self) -> list[str]:
        """The metrics of the charts on the page."""
        return [slot.metric for slot, _ in self.placed if slot.metric is not None]

    @property
    def headings(self) -> list[tuple[Slot, GroupHeading]]:
        """The headings on the page."""
        return [(slot, widget) for slot, widget in self.placed if isinstance(widget, GroupHeading)]

    def place(self, slots: Sequence[Slot]) -> None:
        """Put one widget into each slot; widgets are made only when there are more slots than before."""
        if [slot for slot, _ in self.placed] == list(slots):
            return
        charts = sum(1 for slot in slots if slot.metric is not None)
        fresh: list[Widget] = []
        while len(self._charts) < charts:
            self._charts.append(Chart())
            fresh.append(self._charts[-1])
        while len(self._headings) < len(slots) - charts:
            self._headings.append(GroupHeading())
            fresh.append(self._headings[-1])
        if fresh:
            self.mount_all(fresh)
        free_charts, free_headings = iter(self._charts), iter(self._headings)
        before = [(slot.x, slot.y, slot.width, slot.height, widget) for slot, widget in self.placed]
        self.placed = [
            (slot, next(free_headings) if slot.metric is None else next(free_charts)) for slot in slots
        ]
        used = {id(widget) for _, widget in self.placed}
        for widget in (*self._charts, *self._headings):
            widget.display = id(widget) in used
        after = [(slot.x, slot.y, slot.width, slot.height, widget) for slot, widget in self.placed]
        if self.placed and (fresh or before != after):
            self.placed[0][1].refresh(layout=True)  # a child's: a widget's own keeps its arrangement
