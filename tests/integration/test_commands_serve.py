"""The door of `tailboard serve`."""

from __future__ import annotations

import shlex
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, CookieJar, WSMessage, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from commands import call
from tailboard_tui.commands.serve import LOOPBACK, app_command
from tailboard_tui.commands.web import GuardedServer

TOKEN = "secret"


async def client(token: str | None, hosts: frozenset[str]) -> TestClient:
    server = GuardedServer("true", "127.0.0.1", 0, token=token, hosts=hosts)
    return TestClient(TestServer(await server._make_app()), cookie_jar=CookieJar(unsafe=True))


@pytest.fixture
async def local() -> AsyncIterator[TestClient]:
    async with await client(None, LOOPBACK) as found:
        yield found


@pytest.fixture
async def remote() -> AsyncIterator[TestClient]:
    async with await client(TOKEN, frozenset()) as found:
        yield found


async def test_this_machine_gets_the_page_and_the_page_loads_nothing_from_elsewhere(
    local: TestClient,
) -> None:
    response = await local.get("/")
    assert response.status == 200
    assert f"ws://127.0.0.1:{local.port}/ws" in await response.text()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/", "/ws", "/static/css/xterm.css", "/download/x"])
async def test_another_name_for_this_machine_gets_nothing(local: TestClient, path: str) -> None:
    response = await local.get(path, headers={"Host": "evil.example"})
    assert response.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
async def test_the_page_of_another_site_cannot_connect(local: TestClient, origin: str) -> None:
    response = await local.get("/ws", headers={"Origin": origin})
    assert response.status == 403


async def refused(response: ClientResponse) -> bool:
    return response.status == 403 and TOKEN not in await response.text()


async def test_without_the_token_there_is_nothing(remote: TestClient) -> None:
    for path in ("/", "/ws", "/static/css/xterm.css", "/?token=wrong", "/?token=", "/ws?token=secret"):
        assert await refused(await remote.get(path)), path
    assert await refused(await remote.get("/", headers={"Cookie": "tailboard=wrong"}))


def test_bytes_that_are_no_text_are_no_token() -> None:
    server = GuardedServer("true", "127.0.0.1", 0, token=TOKEN, hosts=())
    assert not server._is_token("\udcff")
    assert server._is_token(TOKEN)


async def test_the_token_becomes_a_cookie_and_leaves_the_address(remote: TestClient) -> None:
    response = await remote.get(f"/?token={TOKEN}", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await remote.get("/")).status == 200
    assert (await remote.get("/static/css/xterm.css")).status == 200


MESSAGES = (
    *("{", "null", "[]", "7", '"stdin"', '["stdin"]', '["stdin",5]', '["stdin",null]', '["stdin","\\ud800"]'),
    *(
        '["resize"]',
        '["resize",{}]',
        '["resize",{"width":"x","height":[]}]',
        '["resize",{"width":0,"height":9}]',
    ),
    *('["resize",{"width":-5,"height":-1}]', '["resize",{"width":1.5,"height":1e308}]', '["exec","id"]'),
    *(
        '["resize",{"width":100000,"height":100000}]',
        '["resize",{"width":true,"height":true}]',
        "[" * 100_000,
    ),
    '["meta",{"type":"deliver_chunk_request","key":"x","size":1}]',
)
"""What a page of ours does not send."""


class Page:
    """A browser's end of the connection."""

    def __init__(self, *sent: str) -> None:
        self.sent = [WSMessage(WSMsgType.TEXT, text, "") for text in sent]
        self.answers: list[object] = []

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        for message in (WSMessage(WSMsgType.BINARY, b"x", ""), *self.sent):
            yield message

    async def send_json(self, answer: object) -> None:
        self.answers.append(answer)


class Explorer:
    """What the explorer's process is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    async def send_bytes(self, keys: bytes) -> None:
        self.told.append(keys)

    async def set_terminal_size(self, width: int, height: int) -> None:
        self.told.append((width, height))


async def test_what_a_browser_sends_is_keys_and_sizes_and_all_else_is_ignored() -> None:
    server = GuardedServer("true", "127.0.0.1", 0, token=None, hosts=LOOPBACK)
    page, explorer = (
        Page(*MESSAGES, '["resize",{"width":90,"height":30}]', '["ping",1]', '["stdin","j"]'),
        Explorer(),
    )
    await server._process_messages(page, explorer)  # type: ignore[arg-type]
    assert explorer.told == [b"?", (90, 30), b"j"]
    assert page.answers == [["pong", 1]]


@pytest.mark.parametrize(
    "size", ["width=100000&height=24", "width=-3&height=24", "width=80&height=x", "width="]
)
async def test_no_screen_larger_than_any_monitor_is_made(local: TestClient, size: str) -> None:
    assert (await local.get(f"/ws?{size}")).status == 400


def test_paths_are_quoted_for_the_shell(tmp_path: Path) -> None:
    hostile = str(tmp_path / "a b; touch x $(id) 'q'")
    words = shlex.split(app_command([hostile, "/runs"]))
    assert words[-3:] == ["--", hostile, "/runs"]


def test_a_port_in_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = call(capsys, "serve", tmp_path, "--host", "127.0.0.1", "--port", taken.getsockname()[1])
    assert done.status == 1
    assert "cannot serve on 127.0.0.1" in done.err
