"""A place for other widgets, which cover it: it costs next to nothing to draw."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Room(Widget):
    """Holds widgets as its style lays them out, and never scrolls.

    Textual draws a container line by line before it covers all of it, which is a third of the first paint.
    Here all lines are one and the same, also with a border at the side, and it is cut only once.
    """

    DEFAULT_CSS = """
    Room { width: 1fr; height: 1fr; layout: vertical; overflow: hidden hidden; }
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """The first line, again and again."""
        return super().render_lines(Region(crop.x, crop.y, crop.width, min(crop.height, 1))) * crop.height
