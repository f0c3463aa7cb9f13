"""The server behind `tailboard serve`: textual-serve, with a door.

Whoever reaches the explorer reads the runs. So requests must name a host that we serve (a page elsewhere
cannot point a name of its own at us), must not come from another site's page, and on any address but
loopback must bring the token, once in the address, then in a cookie. What a browser sends is keys and sizes;
anything else is ignored, and no size makes a screen that fills the memory.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from tailboard_tui.text.safe import clean

COOKIE = "tailboard"

MAX_COLUMNS = 1000
MAX_ROWS = 500
"""More than any monitor shows; a screen of 100,000 columns and rows would be ten gigabytes of cells."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
)
"""textual-serve's page asks Google for a font: nothing leaves the machine, so it may not."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class GuardedServer(Server):  # type: ignore[misc,unused-ignore]  # untyped where the extra is absent
    """Serves one command to browsers that may have it."""

    def __init__(
        self, command: str, host: str, port: int, *, token: str | None, hosts: Collection[str]
    ) -> None:
        """Open nothing yet.

        Args:
            command: A shell command line, quoted.
            token: What a browser must bring; None asks for nothing.
            hosts: Names by which we may be called, without port; empty allows any.
        """
        super().__init__(command, host=host, port=port, title="tailboard")
        self._token = token
        self._hosts = frozenset(hosts)

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(self._guard)
        app.on_response_prepare.append(_add_policy)
        return app

    def initialize_logging(self) -> None:
        """Only what went wrong: a line for every request would also hold the token."""
        to_stderr = logging.StreamHandler()
        to_stderr.setFormatter(_OneLine())
        logging.basicConfig(level=logging.WARNING, handlers=[to_stderr])

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has told the address."""

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page, with addresses by the name under which it was asked for."""
        self.public_url = f"{request.scheme}://{request.host}"
        response: web.StreamResponse = await super().handle_index(request)
        return response

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Hand on what a browser sends, until it goes."""
        async for message in websocket:
            order = understood(message.data) if message.type is WSMsgType.TEXT else None
            match order:
                case ["stdin", str(keys)]:
                    await app_service.send_bytes(keys.encode("utf-8", "replace"))
                case ["resize", {"width": width, "height": height}] if is_size(width, height):
                    await app_service.set_terminal_size(width, height)
                case ["ping", value]:
                    await websocket.send_json(["pong", value])
                case ["blur", *_]:
                    await app_service.blur()
                case ["focus", *_]:
                    await app_service.focus()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass on requests that may see the runs."""
        if self._hosts and _name_of(request.host) not in self._hosts:
            raise web.HTTPForbidden(text="tailboard is not served under this name.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="Only tailboard's own page may connect.\n")
        size = (request.query.get("width", "80"), request.query.get("height", "24"))
        if request.path == "/ws" and not is_size(*(int(n) if n.isdecimal() else 0 for n in size)):
            raise web.HTTPBadRequest(text="No screen has this size.\n")
        if self._token is None:
            return await handler(request)
        if self._is_token(request.cookies.get(COOKIE)):
            return await handler(request)
        if request.path == "/" and self._is_token(request.query.get("token")):
            welcome = web.HTTPSeeOther("/")
            welcome.set_cookie(COOKIE, self._token, httponly=True, samesite="Strict")
            raise welcome
        raise web.HTTPForbidden(text="Open the address with the token that `tailboard serve` printed.\n")

    def _is_token(self, given: str | None) -> bool:
        assert self._token is not None
        if given is None:
            return False
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token.encode())


class _OneLine(logging.Formatter):
    """What went wrong on a line of its own: browsers choose much of it: no traceback, nothing that acts."""

    def format(self, record: logging.LogRecord) -> str:
        """The message and the error behind it."""
        error = record.exc_info[1] if record.exc_info else None
        reason = f": {type(error).__name__}: {error}" if error else ""
        return f"tailboard: {clean(record.getMessage() + reason, 500)}"


def understood(text: str) -> Any:  # noqa: ANN401  # any JSON
    """The JSON value of a message; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_size(width: object, height: object) -> bool:
    """Whether a screen may have so many columns and rows."""
    return type(width) is int and type(height) is int and 0 < width <= MAX_COLUMNS and 0 < height <= MAX_ROWS


def _name_of(host: str) -> str:
    """`host:port` without the port; `[::1]:80` too."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0]


async def _add_policy(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
