"""Writes signals with what ruptures answers for them, for the tests of the change-point search.

    pip install -r Scripts/make-fixtures/references/requirements.txt
    python Scripts/make-fixtures/references/write_ruptures.py Fixtures/references/ruptures

`pelt` is `ruptures.Pelt(jump=1)`; `dynp` is `ruptures.Dynp(jump=1)`, which is exact, for the same number of changes.
Pelt's pruning is not exact where segments have a minimum length (it forgets that a change at the current point may
come too soon), so `optimum` is the plain O(n²) recursion over ruptures' own segment costs.
"""

import json
import sys
from pathlib import Path

import numpy as np
import ruptures
from ruptures.costs import CostL2, CostLinear, CostNormal


def signals():
    """Name, values `[series][point]`, rounded so that the file holds them exactly."""
    random = np.random.default_rng(20_000)
    point = np.arange(120.0)
    yield "two levels", [np.where(point < 70, 0.0, 2.5) + random.normal(size=120)]
    yield "four levels", [np.select([point < 20, point < 55, point < 90], [0.0, 3.0, -1.0], 1.5)
                          + 0.7 * random.normal(size=120)]
    yield "noise", [random.normal(size=120)]
    yield "spread", [np.where((point >= 40) & (point < 80), 4.0, 1.0) * random.normal(size=120)]
    yield "broken line", [np.where(point < 60, 0.1 * point, 12.0 - 0.1 * point) + 0.5 * random.normal(size=120)]
    yield "steps, many equal values", [np.floor(point / 13) % 3]
    yield "three series", [np.where(point < at, 0.0, height) + random.normal(size=120)
                           for at, height in ((30, 2.0), (30, -1.5), (85, 2.5))]


def cost_of(kind, values):
    """A fitted cost of ruptures and the signal that it takes."""
    signal = np.array(values).T
    if kind == "mean":
        return CostL2(), signal
    if kind == "gaussian":
        return CostNormal(add_small_diag=False), signal
    count = len(signal)
    return CostLinear(), np.column_stack([signal[:, 0], np.ones(count), np.arange(float(count))])


def optimum(cost, count, penalty, minimum_length):
    """The least Σ cost + penalty·changes and its change points, trying every start for every end."""
    best, previous = [-penalty] + [np.inf] * count, [0] * (count + 1)
    for end in range(minimum_length, count + 1):
        for start in range(0, end - minimum_length + 1):
            if np.isfinite(best[start]):
                value = best[start] + cost.error(start, end) + penalty
                if value < best[end]:
                    best[end], previous[end] = value, start
    changes, end = [], count
    while previous[end] > 0:
        end = previous[end]
        changes.insert(0, end)
    return {"change_points": changes, "objective": float(best[count])}


def answers(values):
    for kind, penalties in (("mean", (3.0, 12.0, 40.0)), ("gaussian", (6.0, 15.0)), ("slope", (4.0, 12.0))):
        if kind != "mean" and (len(values) > 1 or len(np.unique(values)) < 10):
            continue
        for penalty in penalties:
            for minimum_length in (3, 10) if kind != "mean" else (1, 2, 10):
                cost, signal = cost_of(kind, values)
                cost.fit(signal)
                count = len(signal)
                # A change point is the first point of a segment; ruptures lists ends, the last of them n.
                pelt = ruptures.Pelt(custom_cost=cost, min_size=minimum_length, jump=1).fit(signal)
                found = [int(point) for point in pelt.predict(pen=penalty)[:-1]]
                ends = [0] + found + [count]
                objective = sum(cost.error(a, b) for a, b in zip(ends, ends[1:])) + penalty * len(found)
                best = optimum(cost, count, penalty, minimum_length)
                answer = {"kind": kind, "penalty": penalty, "minimum_length": minimum_length, "optimum": best,
                          "pelt": {"change_points": found, "objective": float(objective)}}
                if best["change_points"]:
                    dynp = ruptures.Dynp(custom_cost=cost, min_size=minimum_length, jump=1).fit(signal)
                    answer["dynp"] = [int(point) for point in dynp.predict(n_bkps=len(best["change_points"]))[:-1]]
                yield answer


def main():
    cases = []
    for name, values in signals():
        values = [[float(np.round(value, 6)) for value in series] for series in values]
        cases.append({"name": name, "series": values, "answers": list(answers(values))})
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    source = f"ruptures {ruptures.__version__}, numpy {np.__version__}"
    (folder / "ruptures.json").write_text(json.dumps({"source": source, "cases": cases}, indent=None) + "\n")
    every = [answer for case in cases for answer in case["answers"]]
    missed = [a for a in every if a["pelt"]["objective"] > a["optimum"]["objective"] + 1e-6]
    print(f"{len(every)} answers; ruptures' Pelt misses the optimum in {len(missed)}")
    print([a["pelt"]["objective"] - a["optimum"]["objective"] for a in missed])
    print("dynp differs:", sum(a.get("dynp", a["optimum"]["change_points"]) != a["optimum"]["change_points"] for a in every))


main()
