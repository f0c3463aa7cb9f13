"""What `import tailboard` costs beside `import json, os, threading`.

    python benchmarks/imports.py [--rounds 20]

CPU milliseconds of fresh interpreters, the two in turn, as medians; what Python alone takes is taken off.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

STATEMENTS = {"nothing": "pass", "standard": "import json, os, threading", "tailboard": "import tailboard"}


def cpu_ms(statement: str) -> float:
    """CPU milliseconds of an interpreter that runs `statement`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(options.rounds):
        for name, statement in STATEMENTS.items():
            found[name].append(cpu_ms(statement))
    medians = {name: statistics.median(values) for name, values in found.items()}
    own, standard = (medians[name] - medians["nothing"] for name in ("tailboard", "standard"))
    print(f"standard  {standard:.1f} ms\ntailboard {own:.1f} ms\nratio     {own / standard:.2f}")


if __name__ == "__main__":
    main()
