"""The server behind `tailboard serve`: textual-serve, with a door.

Whoever reaches the explorer reads the runs. So requests must name a host that we serve (a page elsewhere
cannot point a name of its own at us), must not come from another site's page, and on any address but
loopback must bring the token, once in the address, then in a cookie.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from textual_serve.server import Server

COOKIE = "tailboard"

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
        logging.basicConfig(level=logging.WARNING, format="tailboard: %(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has told the address."""

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page, with addresses by the name under which it was asked for."""
        self.public_url = f"{request.scheme}://{request.host}"
        response: web.StreamResponse = await super().handle_index(request)
        return response

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass on requests that may see the runs."""
        if self._hosts and _name_of(request.host) not in self._hosts:
            raise web.HTTPForbidden(text="tailboard is not served under this name.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="Only tailboard's own page may connect.\n")
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
        return given is not None and hmac.compare_digest(given.encode(), self._token.encode())


def _name_of(host: str) -> str:
    """`host:port` without the port; `[::1]:80` too."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0]


async def _add_policy(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
