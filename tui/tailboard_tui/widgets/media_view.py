"""The drawing in the media pane: cells, or pixels over empty cells where the terminal shows graphics."""

from __future__ import annotations

from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tailboard_tui.plot.cells import Cells
from tailboard_tui.plot.graphics import Picture
from tailboard_tui.widgets.drawing import Drawing


class MediaView(Drawing):
    """A drawing, scrolled where it is higher than the room.

    Pixels are no part of Textual's frames: they are sent after the frame that painted the cells beneath
    them, and again when these are painted again, which wipes them out of all terminals but kitty. Where
    anything else lies over the cells, the same image is shown with half blocks.
    """

    DEFAULT_CSS = "MediaView { height: 1fr; margin: 1 1 0 1; }"

    class Resized(Message):
        """There is another amount of room."""

    def __init__(self) -> None:
        super().__init__()
        self.top = 0
        self._picture: Picture | None = None
        self._sent: tuple[Picture, Region] | None = None
        """What the terminal shows now, and where."""
        self._is_blank = False
        """Whether the cells are left empty, beneath pixels."""
        self._is_waiting = False

    def show(self, cells: Cells | None, picture: Picture | None = None, *, keep_place: bool) -> None:
        """Show another drawing; `picture` is the same one in pixels."""
        if cells is not self.cells or picture is not self._picture:
            self.cells, self._picture = cells, picture
            self.top = self.top if keep_place else 0
            self._repaint()

    def scroll_rows(self, rows: int) -> None:
        """Move by rows, as far as there are some."""
        height = self.cells.height if self.cells is not None else 0
        top = min(max(self.top + rows, 0), max(height - self.size.height, 0))
        if top != self.top:
            self.top = top
            self._repaint()

    def on_mount(self) -> None:
        """Send the pixels again after a suspend, in which the terminal has lost them."""
        self.app.app_resume_signal.subscribe(self, self._forget)

    def _forget(self, _: object) -> None:
        self._sent = None

    def on_resize(self) -> None:
        """Ask for a drawing of the new size."""
        self.post_message(self.Resized())

    def on_hide(self) -> None:
        """Take the pixels along."""
        self._remove()

    def on_unmount(self) -> None:
        """Leave none behind."""
        self._remove()

    def render_lines(self, crop: Region) -> list[Strip]:
        """As every widget; pixels come after the frame that this is for."""
        if (self._picture is not None or self._sent is not None) and not self._is_waiting:
            self._is_waiting = True
            self.call_after_refresh(self._send)
        return super().render_lines(crop)

    def row_at(self, y: int) -> int | None:
        """Scrolled rows, or none beneath pixels."""
        return None if self._is_blank else y + self.top

    def _repaint(self) -> None:
        self.refresh(Region(0, 0, *self.size))

    def _send(self) -> None:
        """The cells were painted: put the pixels over them, or first paint them as they must be."""
        self._is_waiting = False
        picture = self._picture if self._is_free else None
        if (picture is not None) != self._is_blank:
            self._is_blank = picture is not None
            self._repaint()
        elif picture is not None:
            place = picture, self.region
            text = picture.again if self._sent == place else picture.text
            if text:
                sent = f"\x1b7\x1b[{place[1].y + 1};{place[1].x + 1}H{text}\x1b8"
                self._write(sent, undo=picture.cleanup)
            self._sent = place
        if picture is None:
            self._remove()

    @property
    def _is_free(self) -> bool:
        """Whether the whole drawing is on the screen, and nothing over it."""
        if not self.is_attached or not self.display or not self.screen.is_active:
            return False
        region = self.region
        is_inside = self.screen.region.shrink((0, 0, 1, 0)).contains_region(
            region
        )  # sixels scroll the last row
        others = self.screen.query("Toast, Tooltip")
        return is_inside and not any(other.display and other.region.overlaps(region) for other in others)

    def _remove(self) -> None:
        if self._sent is not None:
            self._write(self._sent[0].cleanup)
            self._sent = None

    def _write(self, text: str, *, undo: str = "") -> None:
        """Send between frames, by the same queue; only our own driver can."""
        send = getattr(self.app._driver, "send_graphics", None)
        if text and send is not None:
            send(text, undo=undo)
