"""The pages that are tested, made by the program itself from shipped runs and from generated ones."""

import json
import math
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "Fixtures/runs"

# What must come out as text, whatever it looks like to a parser, a shell or a reader.
HOSTILE = (
    "\"double\" 'single' </script><script>window.pwned=1</script> <img src=x onerror=window.pwned=1> "
    "&amp; {{{title}}} ]]> ${1} עברית العربية 训练 🦋 \u202emirrored"
)
LONG = "a-run-whose-name-nobody-will-ever-want-to-read-to-its-end-" * 4
SETTINGS = {"n-beta": 144.8, "localization": 20, "step-size": 1e-3}
QUICK = ["--every", "3", "--draws", "100", "--burn-in", "100"]


@dataclass(frozen=True)
class Case:
    """A page."""

    name: str
    page: Path
    # What a reader must find on it, literally, but for what would turn the direction of the text after it.
    words: tuple = ()
    # The most bytes that it may have.
    size_limit: int = 1_000_000
    # Where a server has it; else it is opened as a file.
    address: str = ""

    @property
    def shown_words(self):
        return [words.replace("\u202e", "\ufffd") for words in self.words]

    @property
    def url(self):
        return self.address or self.page.as_uri()


class Maker:
    """Runs the program in a folder of its own, which it empties first."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def instar(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"instar {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr[-2000:]}")

    def settings(self, name, **more):
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({**SETTINGS, **more}, ensure_ascii=False))
        return path

    def superposition(self, name, *arguments, source="A", manifest=None, metrics=None, settings=None):
        """Analyzes a shipped run, or a copy of it that says something else of itself."""
        run = RUNS / f"tms-seed-{source}"
        if manifest or metrics:
            run = shutil.copytree(run, self.folder / "runs" / name)
        if manifest:
            base = {"loss": "sum-squared-error", "trainable": ["W", "b"]}
            (run / "run.yaml").write_text(json.dumps({**base, **manifest}, ensure_ascii=False))
        if metrics:
            (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics))
        output = self.folder / name
        self.instar("analyze", run, "--config", settings or self.settings(name), "--output", output, *arguments)
        return output / "report.html"

    def series(self, name, columns, rows):
        """Finds the stages of a table."""
        table = self.folder / f"{name}.csv"
        quoted = ('"' + column.replace('"', '""') + '"' for column in columns)
        lines = [",".join(quoted), *(",".join(map(repr, row)) for row in rows)]
        table.write_text("\n".join(lines) + "\n")
        self.instar("stages", table, "--output", self.folder / name)
        return self.folder / name / "report.html"

    def compare(self, name, runs, *arguments):
        self.instar("compare", *runs, "--output", self.folder / name, *arguments)
        return self.folder / name / "compare.html"


def make(program, folder):
    """Makes all cases and returns them by name."""
    maker = Maker(program, folder)
    makers = [
        many_checkpoints, ordinary, other_seeds, hostile_names, long_names, one_checkpoint, no_stages, diverged,
        no_model, series_of_many_runs, calibration,
    ]
    pool = ThreadPoolExecutor(2)
    try:
        cases = [case for made in [pool.submit(make, maker) for make in makers] for case in made.result()]
    finally:
        pool.shutdown(cancel_futures=True)
    cases += comparisons(maker)
    return {case.name: case for case in cases}


def ordinary(maker):
    """A run as the demonstration shows it, with restrictions and with the tokens seen at each step."""
    restrictions = {"weights": {"parameters": "W"}, "biases": {"parameters": "b"}}
    lines = [json.loads(line) for line in (RUNS / "tms-seed-A/metrics.jsonl").read_text().splitlines()]
    page = maker.superposition(
        "ordinary", "--every", "2", "--draws", "400", "--burn-in", "200",
        metrics=[{**line, "tokens": 20 * line["step"]} for line in lines],
        settings=maker.settings("ordinary", restrictions=restrictions))
    return [Case("ordinary", page, words=("tms-seed-A", "weights", "biases"))]


def other_seeds(maker):
    for seed in "BC":
        maker.superposition(f"seed-{seed}", "--every", "2", "--draws", "400", "--burn-in", "200", source=seed)
    return []


def many_checkpoints(maker):
    """Two hundred checkpoints, and four such runs."""
    steps = [0]
    while len(steps) < 200:
        steps.append(max(steps[-1] + 1, round(steps[-1] * 1.05)))
    for index, sources in enumerate(["ABCA", "BCAB", "CABC", "AACC"]):
        files = [file for source in sources for file in sorted((RUNS / f"tms-seed-{source}/checkpoints").iterdir())]
        run = maker.folder / f"runs/many-checkpoints-{index + 1}"
        (run / "checkpoints").mkdir(parents=True)
        for name in ["data.h5", "model.onnx"]:
            shutil.copy(RUNS / f"tms-seed-{sources[0]}" / name, run)
        for number, file in enumerate(files[:200]):
            shutil.copy(file, run / f"checkpoints/{number}.h5")
        (run / "run.yaml").write_text(json.dumps({
            "name": run.name, "loss": "sum-squared-error", "trainable": ["W", "b"],
            "hyperparameters": {"seed": index},
            "steps": {f"checkpoints/{number}.h5": step for number, step in enumerate(steps)},
        }))
        maker.instar(
            "analyze", run, "--config", maker.settings(run.name), "--output", maker.folder / run.name,
            "--chains", "2", "--draws", "60", "--burn-in", "40", "--batch", "128")
    return [Case("many checkpoints", maker.folder / "many-checkpoints-1/report.html")]


def hostile_names(maker):
    """Every name that a user can choose, where a model is and where there is none."""
    restrictions = {f"weights {HOSTILE}": {"parameters": "W"}, f"biases {HOSTILE}": {"parameters": "b"}}
    manifest = {"name": f"run {HOSTILE}", "hyperparameters": {f"key {HOSTILE}": f"value {HOSTILE}"}}
    page = maker.superposition(
        "hostile names", *QUICK, manifest=manifest, settings=maker.settings("hostile", restrictions=restrictions))
    rows = staged_rows(random.Random(2), count=40, centres=(4, 8))
    table = maker.series("a table's hostile columns", ["step", "llc", "llc_error", "loss", f"accuracy {HOSTILE}"], rows)
    tensors = checkpoints_alone(
        maker, "hostile tensors", f"run {HOSTILE}", [f"layers.{number} {HOSTILE}" for number in range(3)])
    return [
        Case("hostile names", page, words=(manifest["name"], *restrictions)),
        Case("hostile columns", table, words=(f"accuracy {HOSTILE}",)),
        Case("hostile tensors", tensors, words=(f"run {HOSTILE}",)),
    ]


def long_names(maker):
    """Names of 200 characters without a space to break them at."""
    name = LONG[:200]
    restrictions = {f"{part}-{name}": {"parameters": part} for part in "Wb"}
    page = maker.superposition(
        "long-names", *QUICK, manifest={"name": name, "hyperparameters": {name: name}},
        settings=maker.settings("long-names", restrictions=restrictions))
    tensors = checkpoints_alone(maker, "long-tensors", name, [f"{number}-{name}.weight" for number in range(12)])
    return [Case("long names", page, words=(name,)), Case("long tensors", tensors, words=(name,))]


def one_checkpoint(maker):
    return [Case("one checkpoint", maker.superposition("one-checkpoint", "--steps", "225000", "--draws", "100"))]


def no_stages(maker):
    """A series in which nothing happens."""
    draw = random.Random(3)
    rows = [(step, draw.gauss(5, 0.2), 0.2, draw.gauss(1, 0.01)) for step in range(0, 4000, 100)]
    return [Case("no stages", maker.series("no-stages", ["step", "llc", "llc_error", "loss"], rows))]


def diverged(maker):
    return [Case("all chains diverged", maker.superposition("diverged", *QUICK, "--step-size", "10"))]


def no_model(maker):
    """Checkpoints and nothing else."""
    run = maker.folder / "runs/no-model"
    shutil.copytree(RUNS / "tms-seed-A/checkpoints", run / "checkpoints")
    maker.instar("analyze", run, "--output", maker.folder / "no-model")
    return [Case("no model", maker.folder / "no-model/report.html")]


def series_of_many_runs(maker):
    """Twenty runs with stages at different steps, to be compared."""
    for number in range(20):
        rows = staged_rows(random.Random(100 + number), count=60, centres=(4 + number / 20, 7 + number / 12, 9.5))
        maker.series(f"run-{number + 1:02}", ["step", "llc", "llc_error", "loss", "test_loss"], rows)
    return []


def calibration(maker):
    output = maker.folder / "calibration"
    maker.instar(
        "calibrate", RUNS / "tms-seed-A", "--output", output, "--max-draws", "512", "--steps", "988,36000,225000",
        "--n-beta", "144.8")
    return [Case("calibration", output / "calibration.html")]


def comparisons(maker):
    """Comparisons of what the other cases measured."""
    seeds = [maker.folder / name for name in ["ordinary", "seed-B", "seed-C"]]
    many = [maker.folder / f"many-checkpoints-{index + 1}" for index in range(4)]
    twenty = [maker.folder / f"run-{number + 1:02}" for number in range(20)]
    awkward = [maker.folder / name for name in ["hostile names", "long-names", "one-checkpoint", "diverged"]]
    return [
        Case("compare seeds", maker.compare("compare-seeds", seeds), words=("tms-seed-A", "tms-seed-B", "tms-seed-C")),
        Case("compare analyses alone", maker.compare("compare-alone", [seed / "analysis.json" for seed in seeds])),
        Case("compare 200 × 4", maker.compare("compare-many-checkpoints", many)),
        Case("compare twenty runs", maker.compare("compare-twenty", twenty)),
        Case("compare awkward runs", maker.compare("compare-awkward", awkward), words=(f"run {HOSTILE}",)),
    ]


def checkpoints_alone(maker, folder, name, tensors):
    """A run of 24 checkpoints with tensors of these names that wander."""
    run = maker.folder / "runs" / folder
    (run / "checkpoints").mkdir(parents=True)
    (run / "run.yaml").write_text(json.dumps({"name": name}, ensure_ascii=False))
    draw = random.Random(4)
    values = {tensor: [draw.gauss(0, 1) for _ in range(6)] for tensor in tensors}
    for step in range(0, 2400, 100):
        with h5py.File(run / f"checkpoints/step_{step:05}.h5", "w") as file:
            for tensor, value in values.items():
                file[tensor.replace("/", "∕")] = value
                values[tensor] = [v + draw.gauss(0, 0.1) for v in value]
    maker.instar("analyze", run, "--output", maker.folder / folder)
    return maker.folder / folder / "report.html"


def staged_rows(draw, count, centres):
    """Step, λ̂ with its error, loss and another loss: λ̂ rises and they fall around each centre, in log(t + 1)."""
    rows = []
    for index in range(count):
        step = round(10 ** (index * 5 / count)) + index
        done = sum(1 / (1 + math.exp(-6 * (math.log1p(step) - centre))) for centre in centres)
        loss = 3 - 0.7 * done
        rows.append((step, 2 * done + draw.gauss(0, 0.05), 0.05, loss, loss + 0.1))
    return rows
