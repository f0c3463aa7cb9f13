"""Known weaknesses of the installed packages: `python scripts/audit.py [DIRECTORY]`, by pip-audit.

pip-audit also ends with 0 when the advisory service knew no package at all, as behind a mirror of PyPI. So
its answers are counted here: the status is 0 where all were looked up and none is named, 1 when one has a
known weakness, and 2, loudly, when some could not be looked up.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig

LIMIT_S = 120


def main() -> int:
    """Audit the packages in a directory, by default this Python's."""
    directory = sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("purelib")
    program = shutil.which("pip-audit")
    if program is None:
        return _not_audited("pip-audit is not installed (pip install pip-audit)")
    command = [program, "--path", directory, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _not_audited(f"the advisory service did not answer in {LIMIT_S} s")
    except (ValueError, KeyError):
        return _not_audited((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    weak = [package for package in packages if package.get("vulns")]
    skipped = [
        package["name"] for package in packages if "skip_reason" in package and package["name"] != "tailboard"
    ]
    for package in weak:
        names = ", ".join(found["id"] for found in package["vulns"])
        sys.stdout.write(f"{package['name']} {package['version']}: {names}\n")
    looked_up = len([package for package in packages if "skip_reason" not in package])
    sys.stdout.write(f"{looked_up} packages looked up, {len(weak)} with known weaknesses\n")
    if weak:
        return 1
    return _not_audited(f"{len(skipped)} packages: {', '.join(skipped[:5])} ...") if skipped else 0


def _not_audited(why: str) -> int:
    sys.stderr.write(f"NOT AUDITED: {why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
