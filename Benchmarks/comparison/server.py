"""A server under measurement, pinned to one core."""

import os
import signal
import socket
import subprocess
import tempfile
import time

from .client import Client

SERVER_CORE = 0
LOAD_CORE = 1
CLOCK_TICK = 1 / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Runs `program` on a free port, without persistence, until the end of a `with` block."""

    def __init__(self, name, program, settings=(), core=SERVER_CORE):
        self.name = name
        self.program = program
        self.settings = list(settings)
        # None lets it run on all.
        self.core = core
        self.port = free_port()

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="cambium-compare-")
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                    *self.settings]
        # taskset becomes the server: the process id is the server's.
        self.process = subprocess.Popen(
            [*self.pinning, self.program, *settings],
            cwd=self.directory.name, stdout=open(self.log_path, "w"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client = Client(self.port)
                self.client.command("PING")
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.__exit__()
                    raise SystemExit(f"{self.program} does not start")
                time.sleep(0.05)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.directory.cleanup()

    @property
    def pinning(self):
        return [] if self.core is None else ["taskset", "--cpu-list", str(self.core)]

    @property
    def log_path(self):
        return os.path.join(self.directory.name, "server.log")

    def cpu_seconds(self):
        """Processor time of all the server's threads so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            # The name in parentheses may hold blanks; utime and stime are the 14th and 15th field.
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * CLOCK_TICK

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
