"""What the built program makes of one HDF5 file, as `instar inspect` of a run with it as the only checkpoint."""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / ".build/release/instar"
# Done, failure, bad data, no input, try again: all else, signals above all, is a crash.
STATUSES = {0: "read", 1: "refused", 65: "refused", 66: "refused", 75: "refused"}


class Run:
    """A run directory whose only checkpoint is replaced again and again."""

    def __init__(self, program, seconds):
        # In memory where there is such a file system: twenty thousand files are written.
        shm = pathlib.Path("/dev/shm")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="instar-fuzz-", dir=shm if shm.is_dir() else None))
        self.program, self.seconds = program, seconds

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def outcome(self, content):
        """(read | refused | CRASH | HANG, what was said about it)."""
        file = self.folder / "step_1.h5"
        file.write_bytes(content)
        # One that was written just now would be waited for where it is cut short.
        os.utime(file, (0, 0))
        # A core file or a backtrace of every crash would take more time than all else.
        process = subprocess.Popen(
            [self.program, "inspect", self.folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
        try:
            out, errors = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "HANG", f"still running after {self.seconds:g} s"
        said = self.reason(out.decode(errors="replace"), errors.decode(errors="replace"))
        status = process.returncode
        if status < 0:
            return "CRASH", f"{signal.Signals(-status).name}; {said}"
        return STATUSES.get(status, "CRASH"), said if status in STATUSES else f"status {status}; {said}"

    def reason(self, out, errors):
        """The message of an error, the problems that were found, or how many numbers were read."""
        lines = [line.strip().replace(f"{self.folder}/", "") for line in (errors or out).splitlines()]
        if not errors and "problems:" in lines:
            lines = lines[lines.index("problems:") + 1:]
        elif not errors:
            lines = [line for line in lines if line.startswith("parameters")]
        return lines[0] if lines else ""


def bar(counts):
    """The counts of all outcomes on one line."""
    return ", ".join(f"{counts[name]} {name}" for name in ("read", "refused", "CRASH", "HANG"))
