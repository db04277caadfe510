"""A Slurm cluster of two virtual nodes on this machine, for as long as the tests take."""

import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

NODES = ("n1", "n2")
PR_SET_CHILD_SUBREAPER = 36


def parent(pid):
    """The parent of a process; None when there is no such process."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def descendants(ancestor):
    """The processes that a process started, and those that they started."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(parent(entry.name), []).append(int(entry.name))
    found, left = [], [ancestor]
    while left:
        of = children.get(left.pop(), [])
        found += of
        left += of
    return found


def command_line(pid):
    """What a process was called with; empty when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def until(what, condition, seconds=60):
    """Waits until a condition holds, and gives its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds} s for: {what}")


def free_ports(count):
    """Ports of the loopback interface that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """Starts munged, slurmctld and a slurmd for each node; `stop` ends them, and all that they started, by process id."""

    def __init__(self, logs):
        self.logs = logs
        # Orphans of the daemons become children of this process, so that none is lost sight of.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # The path of munged's socket must be short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="instar-slurm-"))
        self.folder.chmod(0o755)
        self.daemons = {}
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self):
        self.start_munge()
        host = socket.gethostname()
        control, *ports = free_ports(1 + len(NODES))
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1 RealMemory=16000"
            for node, port in zip(NODES, ports))
        (self.folder / "slurm.conf").write_text(f"""
ClusterName=instar
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmUser=root
AuthType=auth/munge
# A requeued job waits for its credential to expire; Slurm takes no less.
AuthInfo=socket={self.folder}/munge/socket,cred_expire=5
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool-%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd-%n.pid
SlurmctldLogFile={self.logs}/slurmctld.log
SlurmdLogFile={self.logs}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ReturnToService=2
KillWait=5
MinJobAge=300
SchedulerParameters=sched_interval=1,bf_interval=1
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
""")
        self.spawn("slurmctld", ["slurmctld", "-D"])
        until("slurmctld", lambda: self.ask("scontrol", "ping").count("UP"), 20)
        for node in NODES:
            self.start_node(node)
        until("idle nodes", lambda: self.ask("sinfo", "-h", "-o", "%T %D").strip() == "idle 2", 30)

    def start_munge(self):
        folder = self.folder / "munge"
        folder.mkdir()
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o400)
        user = pwd.getpwnam("munge")
        for path in (folder, folder / "key"):
            os.chown(path, user.pw_uid, user.pw_gid)
        files = [f"--{name}-file={folder}/{name}" for name in ("key", "pid", "log", "seed")]
        self.spawn(
            "munged", ["munged", "--foreground", "--force", f"--socket={folder}/socket", *files], user=user.pw_uid,
            group=user.pw_gid, extra_groups=[])
        until("munged", (folder / "socket").exists, 10)

    def start_node(self, node):
        # Each node has file systems of its own, so that one can be full and the other not.
        self.spawn(node, ["unshare", "--mount", "--propagation=private", "slurmd", "-D", "-N", node])

    def spawn(self, name, command, **options):
        log = open(self.logs / f"{name}.out", "a")
        environment = {**self.environment, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        self.daemons[name] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **options)

    def ask(self, *command):
        """What one of Slurm's programs prints; empty where it fails."""
        return subprocess.run(command, env=self.environment, text=True, capture_output=True).stdout

    def tell(self, *command):
        """Runs one of Slurm's programs, which must not fail."""
        process = subprocess.run(command, env=self.environment, text=True, capture_output=True, timeout=60)
        assert process.returncode == 0, f"{' '.join(command)}: status {process.returncode}\n{process.stderr}"
        return process.stdout

    def launch(self, *command):
        """Starts one of Slurm's programs, which the caller ends."""
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_node(self, node):
        """Ends a node's daemon as a crash does; its jobs go on, as on a node that only lost its network."""
        # unshare has become slurmd.
        self.daemons[node].kill()
        self.daemons[node].wait()

    def job(self, job):
        """What Slurm knows of a job, by name."""
        text = self.ask("scontrol", "show", "job", "--oneliner", str(job))
        return dict(word.split("=", 1) for word in text.split("\n")[0].split() if "=" in word)

    def running(self):
        """The tasks that run: number and node."""
        lines = self.ask("squeue", "-h", "-r", "-t", "R", "-o", "%F_%K %N").splitlines()
        return dict(line.split() for line in lines)

    def wait(self, seconds=240):
        """Waits until no job is left."""
        try:
            until("an empty queue", lambda: not self.tell("squeue", "-h").strip(), seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.ask('squeue')}") from None

    def cancel(self):
        """Ends all jobs."""
        self.tell("scancel", "--user=root")
        self.wait()

    def stop(self):
        # Nothing may keep this from being done to its end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if "slurmctld" in self.daemons:
            self.ask("scontrol", "shutdown")
            time.sleep(0.5)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in descendants(os.getpid()):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 5
            while time.monotonic() < end and self.reap():
                time.sleep(0.1)
        left = [f"{pid} {command_line(pid)}" for pid in descendants(os.getpid())]
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def reap(self):
        """Whether this process has children left that have not ended."""
        try:
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
        except ChildProcessError:
            return False
