#!/usr/bin/env python3
"""Markdown tables of a sitting: summarize.py FILE, with the file that `run` wrote."""
import json
import statistics
import sys
from collections import defaultdict

INSTALLED = "devinterp1"  # the peer that is measured as installed, not tuned


def median(results, key):
    values = [result[key] for result in results if result.get(key) is not None]
    return statistics.median(values) if values else float("nan")


def ratio(instar, peer):
    """Instar's median rate over the peer's, with the range over repeats that have both."""
    whole = median(instar, "rate") / median(peer, "rate")
    by_repeat = {result["repeat"]: result["rate"] for result in peer}
    single = [result["rate"] / by_repeat[result["repeat"]] for result in instar if result["repeat"] in by_repeat]
    return f"{whole:.3g} ({min(single):.3g} to {max(single):.3g})" if single else f"{whole:.3g}"


def table(path):
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    versions = next((line["versions"] for line in lines if "versions" in line), {})
    runs, errors = defaultdict(lambda: defaultdict(list)), []
    for line in lines:
        if "rates" in line and min(line["rates"]) <= 0:
            line["error"] = "a block's time less start-up is not positive: too short, or the machine was busy"
        if "error" in line:
            errors.append(f"- {line['label']} on {line['workload']}: {line['error']}")
        elif "rates" in line:
            runs[line["workload"]][line["label"]].append(line)
    # Runs that other processes disturbed count only where there is no other.
    for results in runs.values():
        for label, found in results.items():
            results[label] = [result for result in found if result["clean"]] or found

    text = ["| workload | Instar, gradient steps/s | GFLOP/s | of the product peak | peak memory, GiB "
            "| against devinterp as installed | against the fastest peer | which |",
            "| --- | --- | ---: | ---: | ---: | --- | --- | --- |"]
    for workload, results in runs.items():
        instar = results.get("Instar", [])
        if not instar:
            continue
        rates = [rate for result in instar for rate in result["rates"]]
        peers = {label: found for label, found in results.items() if label != "Instar"}
        fastest = max(peers, key=lambda label: median(peers[label], "rate"), default=None)
        share = statistics.median(result["gflops"] / result["peak_gflops"] for result in instar)
        text.append(
            f"| {workload} | {median(instar, 'rate'):.4g} ({min(rates):.4g} to {max(rates):.4g}) "
            f"| {median(instar, 'gflops'):.1f} | {share:.0%} of {median(instar, 'peak_gflops'):.0f} "
            f"| {median(instar, 'peak_memory_gib'):.2f} "
            f"| {ratio(instar, peers[INSTALLED]) if INSTALLED in peers else '–'} "
            f"| {ratio(instar, peers[fastest]) if fastest else '–'} | {fastest or '–'} |")

    text += ["", "| workload | implementation | gradient steps/s | spread | GFLOP/s | cores used | peak memory, GiB "
             "| Instar's ratio | runs |", "| --- | --- | ---: | --- | ---: | ---: | ---: | --- | --- |"]
    for workload, results in runs.items():
        for label, found in sorted(results.items(), key=lambda item: -median(item[1], "rate")):
            rates = [rate for result in found for rate in result["rates"]]
            memory = "peak_memory_gib" if label == "Instar" else "rss_gib"
            against = ratio(results["Instar"], found) if "Instar" in results and label != "Instar" else ""
            disturbed = "" if found[0]["clean"] else ", disturbed"
            text.append(
                f"| {workload} | {label} | {median(found, 'rate'):.4g} | {min(rates):.4g} to {max(rates):.4g} "
                f"| {median(found, 'gflops'):.1f} | {median(found, 'cores_used'):.2f} | {median(found, memory):.2f} "
                f"| {against} | {len(found)}{disturbed} |")
    kernel = next((r["blas_kernel"] for results in runs.values() for r in results.get("Instar", [])), None)
    text += ["", "Rates are medians over runs of each run's median; spreads are over all timed blocks; ranges of ratios "
             "over repeats. Versions: "
             + "; ".join(f"{name} {value}" for name, value in versions.items())
             + (f" ({kernel} kernels)." if kernel else ".")]
    return "\n".join(text + (["", "Failed runs:", *errors] if errors else []))


if __name__ == "__main__":
    print(table(sys.argv[1]))
