"""Load by redis-benchmark, or by the lighter program in Benchmarks/Load, pinned to the other core."""

import csv
import functools
import io
import os
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
    # By the program in Benchmarks/Load, where redis-benchmark itself would be the limit.
    is_light: bool = False

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
    rate = light(server, case, requests) if case.is_light else benchmark(server, case, requests)
    cpu = server.cpu_seconds() - cpu
    if case.command == "get":
        hits = int(server.client.info("stats")["keyspace_hits"]) - hits
        if hits < requests:
            raise SystemExit(f"{server.name}: of {requests} GETs only {hits} found their key")
    return Run(rate, cpu * 1e6 / requests)


def benchmark(server, case, requests):
    output = subprocess.run(
        ["taskset", "--cpu-list", str(LOAD_CORE), "redis-benchmark", "-p", str(server.port), "-c", str(CLIENTS),
         "-n", str(requests), "-r", str(case.range), "-d", str(VALUE_SIZE), "-P", str(case.pipeline), "--csv",
         *case.arguments],
        check=True, capture_output=True, text=True).stdout
    return float(list(csv.DictReader(io.StringIO(output)))[0]["rps"])


def light(server, case, requests):
    numbers = [str(number) for number in (server.port, CLIENTS, case.pipeline, requests, case.range)]
    output = subprocess.run(
        ["taskset", "--cpu-list", str(LOAD_CORE), program(), *numbers, *case.words],
        check=True, capture_output=True, text=True).stdout
    return float(output)


@functools.cache
def program():
    """The path of the release build of Benchmarks/Load."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = ["swift", "build", "-c", "release", "--product", "load", "--package-path", package]
    subprocess.run(command, check=True, capture_output=True)
    directory = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return os.path.join(directory, "load")


def requests_for(servers, case, seconds):
    """So many requests that the faster server takes `seconds` for them."""
    rate = max(run(server, case, 20_000 * min(case.pipeline, 16)).requests_per_second for server in servers)
    # Whole pipelines for all clients.
    unit = CLIENTS * case.pipeline
    return max(round(rate * seconds / unit), 1) * unit
