"""Runs on another machine, over SSH: a real server in a thread, the commands as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest

from helpers import write_run

T = TypeVar("T")

ROOTS = Path(__file__).resolve().parents[2]


class Box:
    """A machine with an SSH server, and the home directory of a user who may log in there."""

    def __init__(self, folder: Path) -> None:
        self.files, self.home = folder / "there", folder / "home"
        self.files.mkdir()
        (self.home / ".ssh").mkdir(parents=True, mode=0o700)
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        user_key = asyncssh.generate_private_key("ssh-ed25519")
        user_key.write_private_key(self.home / ".ssh" / "id_ed25519")
        self._authorized = asyncssh.import_authorized_keys(user_key.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._connections: list[Any] = []
        self._server = self._do(self._listen(0))
        self.port = self._server.get_port()
        self.env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.env["PYTHONPATH"] = os.pathsep.join(str(ROOTS / part) for part in ("logger", "tui"))
        config = f"Host box\n HostName 127.0.0.1\n Port {self.port}\n User me\n"
        (self.home / ".ssh" / "config").write_text(config)
        self.trust(self._key)

    def trust(self, key: asyncssh.SSHKey) -> None:
        """Let the user know the machine by this key."""
        line = f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}"
        (self.home / ".ssh" / "known_hosts").write_text(line)

    def start(self) -> None:
        """Answer, at the same port as before."""
        self._server = self._do(self._listen(self.port))

    def stop(self) -> None:
        """Go away: new connections are refused, and those that stand are cut."""
        self._do(self._stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tailboard_tui", *words]

    def tailboard(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command at the user's machine."""
        return subprocess.run(self.command(*words), env=self.env, capture_output=True, text=True, timeout=60)

    def listed(self, place: str) -> dict[str, dict[str, Any]]:
        """What `ls --json` tells of the runs there, by name."""
        done = self.tailboard("ls", place, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self, port: int) -> asyncssh.SSHAcceptor:
        def files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            self._connections.append(channel.get_connection())
            return asyncssh.SFTPServer(channel, chroot=os.fsencode(self.files))

        return await asyncssh.listen(
            "127.0.0.1",
            port,
            server_host_keys=[self._key],
            authorized_client_keys=self._authorized,
            sftp_factory=files,
        )

    async def _stop(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.abort()
        self._connections.clear()
        await self._server.wait_closed()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.close()


def test_runs_of_another_machine_are_listed_and_followed(box: Box) -> None:
    run = write_run(box.files / "runs", metrics=[{"_step": 0, "loss": 0.5}], name="far")
    (run / "checkpoint.pt").write_bytes(b"x" * 1000)
    assert box.listed("box:runs")["far"]["step"] == 0
    with open(run / "metrics.jsonl", "a") as metrics:
        metrics.write('{"_step": 1, "loss": 0.25}\n')
    far = box.listed("box:runs")["far"]
    assert (far["step"], far["metrics"]["loss"]["min"]) == (1, 0.25)
    [copy] = (box.home / ".cache/tailboard/remote").rglob("run.json")
    assert not (copy.parent / "checkpoint.pt").exists()
    shutil.rmtree(run)
    assert box.listed("box:runs") == {}


def test_commands_take_runs_of_another_machine(box: Box) -> None:
    write_run(
        box.files / "runs",
        metrics=[{"_step": n, "loss": 1 / (n + 1)} for n in range(9)],
        output=b"far\n",
        name="far",
    )
    assert box.tailboard("tail", "far", "--root", "box:/runs").stdout == "far\n"
    assert json.loads(box.tailboard("show", "latest", "--root", "me@box:runs", "--json").stdout)["step"] == 8
    refused = box.tailboard("rm", "far", "--root", "box:runs")
    assert (refused.returncode, "stands on another machine" in refused.stderr) == (1, True)


def test_a_host_with_another_key_than_the_known_one_is_not_read(box: Box) -> None:
    write_run(box.files / "runs")
    box.trust(asyncssh.generate_private_key("ssh-ed25519"))
    done = box.tailboard("ls", "box:runs")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "tailboard: box:runs: Host key is not trusted for host 127.0.0.1\n"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("box:missing", "box:missing: no such file or directory"),
        ("s4://bucket/runs", "s4://bucket/runs: Protocol not known: s4"),
        ("s3://bucket/runs", "s3://bucket/runs: Install s3fs to access S3"),
    ],
)
def test_a_place_that_cannot_be_read_is_said_in_one_line(box: Box, place: str, said: str) -> None:
    done = box.tailboard("ls", place)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tailboard: {said}\n")


def test_following_goes_on_after_the_machine_was_away(box: Box) -> None:
    log = write_run(box.files / "runs", output=b"one\n", name="far") / "output.log"
    words = ["tail", "far", "-f", "--root", "box:runs"]
    with subprocess.Popen(box.command(*words), env=box.env, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        try:
            assert tail.stdout.readline() == "one\n"
            box.stop()
            with log.open("a") as output:
                output.write("two\n")
            box.start()
            assert tail.stdout.readline() == "two\n"
        finally:
            tail.kill()
