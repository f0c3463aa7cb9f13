"""The door of `tailboard serve`."""

from __future__ import annotations

import shlex
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, CookieJar
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


async def test_the_token_becomes_a_cookie_and_leaves_the_address(remote: TestClient) -> None:
    response = await remote.get(f"/?token={TOKEN}", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await remote.get("/")).status == 200
    assert (await remote.get("/static/css/xterm.css")).status == 200


def test_paths_are_quoted_for_the_shell(tmp_path: Path) -> None:
    hostile = str(tmp_path / "a b; touch x $(id) 'q'")
    words = shlex.split(app_command([hostile, "host:/runs"]))
    assert words[-3:] == ["--", hostile, "host:/runs"]


def test_a_port_in_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = call(capsys, "serve", tmp_path, "--host", "127.0.0.1", "--port", taken.getsockname()[1])
    assert done.status == 1
    assert "cannot serve on 127.0.0.1" in done.err
