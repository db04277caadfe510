"""What happens to jobs, and that the results are the bytes of a run on one machine all the same."""

import filecmp
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from cluster import NODES, command_line, descendants, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = str(ROOT / "Fixtures/runs/tms-seed-A")
SCALES = ["--step-size", "1e-4", "--localization", "20"]


def effort(draws):
    """Options for twelve units: four checkpoints, a survey and two chains each."""
    return ["--every", "18", "--chains", "2", "--draws", str(draws), "--burn-in", "2000", "--batch", "256"]


UNSTATED = effort(30000)
STATED = UNSTATED + SCALES
# Chains of seconds, where a task is to be met at work.
LONG = effort(150_000) + SCALES
TASKS = ["--jobs", "1", "--tasks", "6"]
# What processes say of themselves is not a result.
BESIDE = {"tasks", "logs", "units.lock"}


class Skipped(Exception):
    """Why a scenario cannot be run here."""


class Bench:
    """The program on the cluster, and the results of one machine to compare with."""

    def __init__(self, cluster, program, folder):
        self.cluster = cluster
        self.program = program
        self.folder = folder
        self.local = {}

    def instar(self, *arguments, status=0):
        """Runs the program here; gives what it printed."""
        done = subprocess.run(
            [self.program, *arguments], env=self.cluster.environment, text=True, capture_output=True, cwd=ROOT)
        assert done.returncode == status, f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def reference(self, options):
        """The folder with the results of one machine."""
        name = "local-" + re.sub(r"\W+", "", " ".join(options))[:80]
        if name not in self.local:
            self.local[name] = self.folder / name
            self.instar("analyze", RUN, *options, "--output", str(self.local[name]))
        return self.local[name]

    def submit(self, output, options=STATED, tasks=TASKS, more=()):
        """Submits a run; gives the jobs' numbers by their names."""
        text = self.instar("slurm", RUN, *options, *tasks, *more, "--output", str(output), "--submit")
        return dict(re.findall(r"^(\w+): job (\d+)$", text, re.MULTILINE))

    def expect_equal(self, output, options=STATED):
        """Fails unless all files of results have the bytes of the run on one machine; gives their number."""
        local = self.reference(options)
        ours, theirs = (
            {str(path.relative_to(folder)) for path in folder.rglob("*")
             if path.is_file() and path.relative_to(folder).parts[0] not in BESIDE}
            for folder in (output, local))
        assert ours == theirs, f"files differ: {sorted(ours ^ theirs)}"
        _, unequal, odd = filecmp.cmpfiles(output, local, sorted(ours), shallow=False)
        assert not unequal and not odd, f"bytes differ: {unequal + odd}"
        return f"{len(ours)} files equal"

    def program_of(self, job):
        """The process that measures in a running task, once it has begun to draw."""
        number = self.cluster.job(job)["JobId"]
        titles = tuple(f"slurmstepd: [{name}." for name in (number, job))
        steps = [pid for pid in descendants(os.getpid()) if command_line(pid).startswith(titles)]
        below = [pid for step in steps for pid in descendants(step)]
        found = [pid for pid in below if command_line(pid).startswith(self.program)]
        return found[0] if found else None

    def status(self, output, options=STATED):
        return json.loads(self.instar("status", RUN, *options, "--output", str(output), "--json"))

    def some_task(self, jobs, node=None):
        """A task of the array that runs, and its program, once both are there."""
        def find():
            for task, at in self.cluster.running().items():
                if task.startswith(f"{jobs['shares']}_") and node in (None, at):
                    program = self.program_of(task)
                    if program:
                        return task, program
            return None
        return until("a running task", find, 60)


def undisturbed(bench):
    """Without settings, so that a job calibrates first."""
    output = bench.folder / "undisturbed"
    jobs = bench.submit(output, options=UNSTATED)
    assert set(jobs) == {"settings", "shares", "merge"}, jobs
    bench.cluster.wait()
    assert "all is measured and merged" in bench.instar("status", RUN, *UNSTATED, "--output", str(output))
    return bench.expect_equal(output, UNSTATED)


def steps_of_srun(bench):
    """One step with a process on each node, in place of an array."""
    output = bench.folder / "srun"
    subprocess.run(
        ["srun", "-N2", "-n2", bench.program, "measure", RUN, *STATED, "--jobs", "1", "--output", str(output),
         "--shard", "auto"], env=bench.cluster.environment, check=True, capture_output=True, timeout=120, cwd=ROOT)
    bench.instar("merge", RUN, *STATED, "--output", str(output))
    bench.instar("report", RUN, "--output", str(output))
    return bench.expect_equal(output)


def killed_task(bench):
    output = bench.folder / "killed"
    jobs = bench.submit(output, LONG)
    task, program = bench.some_task(jobs)
    record = output / "tasks" / f"{task.split('_')[1]}-of-6.json"
    until("its record", record.exists)
    os.kill(program, signal.SIGKILL)
    bench.cluster.wait()
    assert not (output / "measurements.h5").exists(), "merged without a share"
    status = bench.status(output, LONG)
    assert status["endedTasks"] and "killed" in status["endedTasks"][0]["reason"], status
    index = task.split("_")[1]
    text = bench.instar("merge", RUN, *LONG, "--output", str(output), "--shards", "6", status=66)
    assert f"shares again: {index} " in text, text
    again = bench.submit(output, LONG)
    assert bench.cluster.ask("squeue", "-h", "-r", "-j", again["shares"]).count("\n") == 1, "only one task was missing"
    bench.cluster.wait()
    return f"task {index} killed; {bench.expect_equal(output, LONG)}"


def node_down(bench):
    """The node is lost to Slurm while its task goes on, beside which the requeued one starts on the other node."""
    output = bench.folder / "down"
    jobs = bench.submit(output, LONG)
    task, program = bench.some_task(jobs, node="n2")
    bench.cluster.kill_node("n2")
    bench.cluster.tell("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=test")
    until("the requeued task", lambda: bench.cluster.job(task).get("Restarts") == "1", 30)
    bench.cluster.wait()
    bench.cluster.start_node("n2")
    bench.cluster.tell("scontrol", "update", "NodeName=n2", "State=RESUME")
    until("idle nodes", lambda: bench.cluster.ask("sinfo", "-h", "-o", "%T %D").strip() == "idle 2", 30)
    return f"task {task.split('_')[1]} requeued; {bench.expect_equal(output, LONG)}"


def requeued_task(bench):
    """The signal ahead of a time limit, whose unit is a minute: here it is sent at once."""
    output = bench.folder / "requeued"
    jobs = bench.submit(output, LONG)
    task, program = bench.some_task(jobs)
    until("a part of the work", lambda: (output / "settings.json").exists())
    # It asks again and again of a job that has gone back into the queue in the meantime.
    sender = bench.cluster.launch("scancel", "--batch", "--signal=USR1", task)
    until("the requeued task", lambda: bench.cluster.job(task).get("Restarts") == "1", 30)
    sender.kill()
    log = next((output / "logs").glob(f"*-{task}.out"))
    assert "stopped by SIGUSR1" in log.read_text(), log.read_text()
    bench.cluster.wait()
    return f"task {task.split('_')[1]} went on after {log.read_text().count('stopped by SIGUSR1')} signal; {bench.expect_equal(output, LONG)}"


def cancelled_half_way(bench):
    output = bench.folder / "cancelled"
    bench.submit(output)
    units = output / "units"
    until("half of the units", lambda: units.exists() and len(list(units.glob("*.h5"))) >= 5, 60)
    bench.cluster.cancel()
    before = {path: path.stat().st_mtime_ns for path in units.glob("*.h5")}
    done = bench.status(output)["doneCount"]
    again = bench.submit(output)
    tasks = bench.cluster.ask("squeue", "-h", "-r", "-j", again["shares"]).count("\n")
    assert tasks < 6, "every task was submitted again"
    bench.cluster.wait()
    kept = sum(path.stat().st_mtime_ns == time for path, time in before.items())
    assert kept >= done, f"{done} units were done, and {kept} of them kept"
    return f"{done} units done, {kept} files untouched, {tasks} of 6 tasks repeated; {bench.expect_equal(output)}"


def full_folder(bench):
    """On one node the folder of units is a file system without room."""
    output = bench.folder / "full"
    units = output / "units"
    units.mkdir(parents=True)
    within = ["nsenter", f"--target={bench.cluster.daemons['n2'].pid}", "--mount"]
    mounted = subprocess.run(
        [*within, "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(units)], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skipped(f"file systems cannot be mounted here ({mounted.stderr.strip()})")
    try:
        subprocess.run([*within, "dd", "if=/dev/zero", f"of={units}/filler", "bs=1k"], capture_output=True)
        bench.submit(output)
        bench.cluster.wait()
    finally:
        subprocess.run([*within, "umount", str(units)], check=True)
    assert not (output / "measurements.h5").exists(), "merged without a share"
    ended = [task["reason"] for task in bench.status(output)["endedTasks"]]
    assert ended and all("No space left" in reason for reason in ended), ended
    bench.submit(output)
    bench.cluster.wait()
    return f"{len(ended)} tasks failed by it; {bench.expect_equal(output)}"


def speed(bench):
    """How much sooner two nodes are done than one; the time of the tasks alone, from the first start to the last end."""
    seconds = {}
    tasks = ["--jobs", "1", "--tasks", "8"]
    for name, more in (("one", [f"--sbatch=--nodelist={NODES[0]}"]), ("two", [])):
        output = bench.folder / f"speed-{name}"
        jobs = bench.submit(output, options=LONG, tasks=tasks, more=more)
        bench.cluster.wait(400)
        text = bench.cluster.ask("scontrol", "show", "job", "--oneliner", jobs["shares"])
        starts, ends = (
            [time.mktime(time.strptime(at, "%Y-%m-%dT%H:%M:%S")) for at in re.findall(rf"\b{kind}=(\S+)", text)]
            for kind in ("StartTime", "EndTime"))
        seconds[name] = max(ends) - min(starts)
        bench.expect_equal(output, LONG)
    return f"one node {seconds['one']:.0f} s, two nodes {seconds['two']:.0f} s: {seconds['one'] / seconds['two']:.2f} times as fast"


ALL = [undisturbed, steps_of_srun, killed_task, node_down, requeued_task, cancelled_half_way, full_folder]
