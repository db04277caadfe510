"""The program's own server, for as long as the tests take."""

import re
import subprocess
from contextlib import contextmanager


@contextmanager
def served(program, folder):
    """Serves the runs in a folder at a free port; gives the address."""
    server = subprocess.Popen(
        [program, "serve", folder, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        # The first line says where; none comes when it has ended.
        line = server.stdout.readline()
        address = re.search(r"http://[^\s/]+/?", line)
        if not address:
            raise RuntimeError(f"instar serve {folder}: expected an address, found {line!r}")
        yield address[0]
    finally:
        server.terminate()
        server.wait(timeout=10)
