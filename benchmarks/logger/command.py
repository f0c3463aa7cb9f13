"""What `tailboard run` adds to a program that prints 100 MB, beside `tee` and `script`, all in turn.

    python benchmarks/logger/command.py [--rounds 7] [--megabytes 100] [--place DIR] [--only c:pty ...]

Programs print as programs do: Python's `print`, C's `fwrite`, tqdm's bar on stderr (many small writes). Their
output leads into a terminal (a pty that is emptied as fast as it can be), a pipe that `cat` empties, a file,
or /dev/null. Ways: bare; `tailboard run`, everything on; `tee FILE`, the least that any recorder does;
`script`, which keeps a terminal a terminal. The order turns round in every round; the figures are medians
over the rounds, the ratios those of each round to its own bare. CPU is user and system time of all
processes together, without those that only empty the terminal or pipe. With `--undisturbed` a round waits
until the machine is idle, and is done again when others took more than a tenth of the CPUs meanwhile (in a
terminal that cannot be told: the kernel does part of our work in threads of its own).
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'logger'}:{ROOT / 'tui'}"}
for _name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    ENVIRONMENT.pop(_name, None)  # a call of the kernel for each half of a line would hide what we cost
LINE = "step 123 loss 0.12345 some text to make a line of"  # 50 bytes with its end
BAR = "\\r 50%|#####     | 5/10 [00:01<00:01, 4.9it/s, loss=0.1234]"  # 60 bytes
TARGETS = ("pty", "pipe", "file", "null")
DISTURBANCE = 0.1
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
WAYS = ("bare", "tailboard run", "tee", "script")

C_SOURCE = """
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    for (long left = atol(words[1]); left; left--) fwrite("%s\\n", 1, 50, stdout);
    return 0;
}
"""


class Cost(NamedTuple):
    """What one execution took, in seconds."""

    wall_s: float
    cpu_s: float


def programs(place: str, size_bytes: int) -> dict[str, list[str]]:
    """The programs that print so many bytes; C's only where a compiler is installed."""
    lines, bars = size_bytes // 50, size_bytes // 60
    found = {
        "python": [sys.executable, "-c", f"for _ in range({lines}): print({LINE!r})"],
        "tqdm": [
            sys.executable,
            "-c",
            f"import sys\nfor _ in range({bars}): sys.stderr.write('{BAR}'); sys.stderr.flush()",
        ],
        "nothing": ["true"],
    }
    compiler = shutil.which("cc")
    if compiler:
        source = Path(place, "print.c")
        source.write_text(C_SOURCE % LINE)
        subprocess.run([compiler, "-O2", "-o", f"{place}/print", source], check=True)
        found["c"] = [f"{place}/print", str(lines)]
    return found


def commands(program: list[str], place: str, target: str) -> dict[str, list[str]]:
    """Each way to execute the program; `script` where the output is a terminal and it is installed."""
    line = shlex.join(program)
    found = {
        "bare": program,
        "tailboard run": [
            *(sys.executable, "-m", "tailboard_tui", "run", "--dir", f"{place}/runs", "--", *program)
        ],
        "tee": ["sh", "-c", f"{line} 2>&1 | tee {place}/copy"],
    }
    if target == "pty" and shutil.which("script"):
        found["script"] = ["script", "-q", "-c", line, f"{place}/copy"]
    return found


def measure(command: list[str], target: str, place: str) -> Cost:
    """Execute a command with stdout and stderr leading to `target`."""
    emptier, output = _target(target, place)
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=output, stderr=output, env=ENVIRONMENT, check=True)
    wall_s, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    os.close(output)
    if emptier:
        os.waitpid(emptier, 0)
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _target(target: str, place: str) -> tuple[int, int]:
    """The process that empties it, 0 for none, and a descriptor to write to."""
    if target in ("file", "null"):
        path = f"{place}/output" if target == "file" else os.devnull
        return 0, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    source, output = pty.openpty() if target == "pty" else os.pipe()
    emptier = os.fork()
    if emptier == 0:
        os.close(output)
        while True:
            try:
                if not os.read(source, 1 << 16):
                    break
            except OSError:  # EIO: nobody has the terminal any more
                break
        os._exit(0)
    os.close(source)
    return emptier, output


def case(
    program: list[str], target: str, place: str, rounds: int, undisturbed: bool
) -> dict[str, list[Cost]]:
    """Every way in turn, from the other end in every second round."""
    found: dict[str, list[Cost]] = {}
    while len(found.get("bare", ())) < rounds:
        while undisturbed and others_share(lambda: time.sleep(1)) > DISTURBANCE:
            pass
        one: dict[str, Cost] = {}
        ways = list(commands(program, place, target).items())

        def measure_all(ways: list[tuple[str, list[str]]] = ways, one: dict[str, Cost] = one) -> None:
            for way, command in ways:
                one[way] = measure(command, target, place)
                for name in ("runs", "copy", "output"):
                    subprocess.run(["rm", "-rf", f"{place}/{name}"], check=True)

        if len(found.get("bare", ())) % 2:
            ways.reverse()
        share = others_share(measure_all)
        if undisturbed and target != "pty" and share > DISTURBANCE:
            continue
        for way, cost in one.items():
            found.setdefault(way, []).append(cost)
    return found


def others_share(action: Callable[[], None]) -> float:
    """Do something; the share of all CPUs that processes other than us and our children had meanwhile."""
    busy_s, idle_s, own_s = _machine_times()
    action()
    more_busy, more_idle, more_own = (
        now - before for now, before in zip(_machine_times(), (busy_s, idle_s, own_s), strict=True)
    )
    return max(more_busy - more_own, 0.0) / max(more_busy + more_idle, 1e-9)


def _machine_times() -> tuple[float, float, float]:
    """CPU seconds: of all processes, of none, of us and our ended children. Source: proc_stat(5)."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    own = os.times()
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / _TICKS_PER_S, idle / _TICKS_PER_S, sum(own[:4])


def row(name: str, target: str, found: dict[str, list[Cost]]) -> str:
    """The medians as a row of the table."""
    bare = found["bare"]
    cells = [name, target, f"{statistics.median(c.wall_s for c in bare):.2f}"]
    cells.append(f"{statistics.median(c.cpu_s for c in bare):.2f}")
    for way in WAYS[1:]:
        for field in ("wall_s", "cpu_s"):
            pairs = zip(found.get(way, ()), bare, strict=False)
            ratios = [getattr(own, field) / max(getattr(of, field), 1e-3) for own, of in pairs]
            cells.append(f"{statistics.median(ratios):.2f}" if ratios else "")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--place", help="where files are written; default: a temporary folder")
    parser.add_argument("--undisturbed", action="store_true", help="wait for others to be quiet")
    parser.add_argument("--only", nargs="+", metavar="PROGRAM:TARGET", help="these cases only")
    args = parser.parse_args()
    print("| program | output | bare s | bare CPU s |", end="")
    print("".join(f" {way}: time | CPU |" for way in WAYS[1:]))
    print("|---" * 10 + "|")
    with tempfile.TemporaryDirectory(dir=args.place) as place:
        for name, program in programs(place, int(args.megabytes * 1e6)).items():
            for target in TARGETS if name != "nothing" else ("null",):
                if args.only and f"{name}:{target}" not in args.only:
                    continue
                print(
                    row(name, target, case(program, target, place, args.rounds, args.undisturbed)), flush=True
                )


if __name__ == "__main__":
    main()
