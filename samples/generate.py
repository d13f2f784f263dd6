#!/usr/bin/env python3
"""Writes the logs of the samples, always the same.

    python3 samples/generate.py           writes them
    python3 samples/generate.py --check   says which files differ, and exits with 1 if any does

Needs Python 3.9 and nothing else. Compressed files are compared, and left alone, by what is in them, because another
zlib may pack the same logs into other bytes.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from generator.containers import unzipped  # noqa: E402 (the path above comes first)

SCENARIOS = [
    "console-brute-force",
    "stolen-key",
    "trail-stopped",
    "errors-after-deploy",
    "timeout-storm",
    "terraform-day",
    "service-noise",
    "mixed-day",
    "odd-records",
    "changes-and-takeover",
    "rights-and-leak",
]
OURS = {"README.md", "alerts.expected"}


def logs(scenario):
    """The files of a scenario by path."""
    module = importlib.import_module("generator.scenarios." + scenario.replace("-", "_"))
    return {HERE / scenario / name: data for name, data in module.files().items()}


def differences(wanted):
    """The paths whose content is not as wanted, and those that nobody wants."""
    there = {path for s in SCENARIOS for path in (HERE / s).rglob("*") if path.is_file() and path.name not in OURS}
    changed = [p for p, data in wanted.items() if p not in there or unzipped(p.read_bytes()) != unzipped(data)]
    return changed, sorted(there - wanted.keys())


def main():
    wanted = {path: data for scenario in SCENARIOS for path, data in logs(scenario).items()}
    changed, extra = differences(wanted)
    if sys.argv[1:] == ["--check"]:
        for path in changed + extra:
            print(f"differs: {path.relative_to(HERE)}", file=sys.stderr)
        return 1 if changed or extra else 0
    for path in extra:
        path.unlink()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
