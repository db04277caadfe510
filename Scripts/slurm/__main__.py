"""Runs the scenarios: PROGRAM FOLDER [-k PATTERN …] [--speed]."""

import argparse
import pathlib
import shutil
import signal
import sys
import time
import traceback

import scenarios
from cluster import Cluster

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("-k", action="append", default=[])
parser.add_argument("--speed", action="store_true")
arguments = parser.parse_args()

shutil.rmtree(arguments.folder, ignore_errors=True)
arguments.folder.mkdir(parents=True)
folder = arguments.folder.resolve()
chosen = [scenarios.speed] if arguments.speed else [
    each for each in scenarios.ALL if not arguments.k or any(pattern in each.__name__ for pattern in arguments.k)]

failures = []
begin = time.monotonic()
# Ended from outside, what was started is stopped all the same.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
cluster = Cluster(folder)
try:
    cluster.start()
    print(f"two nodes idle after {time.monotonic() - begin:.1f} s", flush=True)
    bench = scenarios.Bench(cluster, arguments.program, folder)
    for scenario in chosen:
        start = time.monotonic()
        try:
            note = scenario(bench)
            print(f"passed: {scenario.__name__} ({time.monotonic() - start:.1f} s): {note}", flush=True)
        except scenarios.Skipped as reason:
            print(f"skipped: {scenario.__name__}: {reason}", flush=True)
        except Exception:
            failures.append(scenario.__name__)
            print(f"failed: {scenario.__name__}\n{traceback.format_exc()}", flush=True)
            cluster.cancel()
finally:
    left = cluster.stop()
if left:
    failures.append("stopping")
    print("left running:", *left, sep="\n  ")
print(f"{len(chosen)} scenarios, {len(failures)} failed, {time.monotonic() - begin:.0f} s")
sys.exit(bool(failures))
