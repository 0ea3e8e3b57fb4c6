"""Load by redis-benchmark, pinned to the other core."""

import csv
import io
import subprocess
from dataclasses import dataclass

from .server import LOAD_CORE

CLIENTS = 50
KEYS = 1_000_000
VALUE_SIZE = 16
# As redis-benchmark writes its keys.
KEY_FORMAT = b"key:%012d"


@dataclass(frozen=True)
class Case:
    """One kind of command, `pipeline` of them sent at a time."""
    command: str
    pipeline: int
    # The words to send in place of a command that redis-benchmark knows by itself, and the name to show for them.
    words: tuple = ()
    # Random numbers are below this.
    range: int = KEYS

    @property
    def title(self):
        depth = "no pipeline" if self.pipeline == 1 else f"pipeline {self.pipeline}"
        return f"{self.command.upper()}, {depth}"

    @property
    def arguments(self):
        return list(self.words) if self.words else ["-t", self.command]


@dataclass(frozen=True)
class Run:
    requests_per_second: float
    cpu_microseconds_per_request: float


def run(server, case, requests):
    """Sends so many requests for random keys."""
    hits = int(server.client.info("stats")["keyspace_hits"])
    cpu = server.cpu_seconds()
    output = subprocess.run(
        ["taskset", "--cpu-list", str(LOAD_CORE), "redis-benchmark", "-p", str(server.port), "-c", str(CLIENTS),
         "-n", str(requests), "-r", str(case.range), "-d", str(VALUE_SIZE), "-P", str(case.pipeline), "--csv",
         *case.arguments],
        check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - cpu
    if case.command == "get":
        hits = int(server.client.info("stats")["keyspace_hits"]) - hits
        if hits < requests:
            raise SystemExit(f"{server.name}: of {requests} GETs only {hits} found their key")
    row = list(csv.DictReader(io.StringIO(output)))[0]
    return Run(float(row["rps"]), cpu * 1e6 / requests)


def requests_for(servers, case, seconds):
    """So many requests that the faster server takes `seconds` for them."""
    rate = max(run(server, case, 20_000 * min(case.pipeline, 16)).requests_per_second for server in servers)
    # Whole pipelines for all clients.
    unit = CLIENTS * case.pipeline
    return max(round(rate * seconds / unit), 1) * unit
