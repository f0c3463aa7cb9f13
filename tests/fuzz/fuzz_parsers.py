"""Coverage-guided fuzzing of every parser: `python tests/fuzz/fuzz_parsers.py TARGET|all [--seconds N]`.

Needs atheris (`pip install atheris`) and what tailboard needs. Starts from real files of tests/fixtures and
from corpus/TARGET. Ends with a status that is not 0 at the first input that makes the target fail, hang for
20 s or take 2 GiB, and keeps that input: put it into corpus/TARGET with its mend, from where
tests/unit/test_trust_fuzz.py replays it.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), *(str(ROOT / part) for part in ("tests", "tui", "logger"))]

from parsers import COVERS  # noqa: E402


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["tailboard_tui", "tailboard"]):
        import targets

        import tailboard_tui.formats

        for module in pkgutil.iter_modules(tailboard_tui.formats.__path__, "tailboard_tui.formats."):
            importlib.import_module(module.name)  # readers are else imported when first used
    scratch = Path(tempfile.mkdtemp(prefix="tailboard-fuzz-"))
    corpus, directory = scratch / "corpus", scratch / "files"
    corpus.mkdir()
    directory.mkdir()
    for number, data in enumerate(targets.inputs(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    target = targets.TARGETS[name].run
    options = ["-timeout=20", "-rss_limit_mb=2048", "-max_len=32768", "-print_final_stats=1", "-verbosity=1"]
    options += [f"-max_total_time={seconds}", f"-artifact_prefix={scratch}/{name}-"]
    print(f"fuzzing {name} for {seconds} s; what is found is kept in {scratch}", flush=True)
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: target(data, directory))
    atheris.Fuzz()


def main() -> int:
    """Fuzz one target, or each in a process of its own; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=(*COVERS, "all"))
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    if args.target != "all":
        fuzz(args.target, args.seconds)
    failed = []
    for name in COVERS:
        done = subprocess.run([sys.executable, __file__, name, "--seconds", str(args.seconds)], check=False)
        if done.returncode:
            failed.append(name)
    print(f"{len(COVERS)} targets, {len(COVERS) - len(failed)} without a finding {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
