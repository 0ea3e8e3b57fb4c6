"""A full sync between two servers of one kind: how long it takes, and what the clients of both notice of it."""

import contextlib
import os
import random
import statistics
import threading
import time

from . import load
from .client import Client
from .prepared import PreparedPrimary
from .server import LOAD_CORE, SERVER_CORE, Server

# Without a wait for others that might ask too, straight through the socket on both sides.
DIRECTLY = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"]
# What the replica holds before.
FORMER_KEYS = 1_000_000


def compare(reference, subject, keys, rounds=3):
    """The median of some rounds, turn about, in each figure."""
    programs = {"redis-server": reference, "cambium-server": subject}
    runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(sync(name, program, keys))
    return {name: {figure: statistics.median(run[figure] for run in runs[name]) for figure in runs[name][0]}
            for name in programs}


def sync(name, program, keys):
    """A primary with `keys` keys on one core, an empty replica on the other."""
    with pair(name, program) as (primary, replica):
        primary.client.load(keys, load.KEY_FORMAT, load.VALUE_SIZE)
        prober = Prober(primary.port, keys, "SET")
        prober.start()
        time.sleep(0.5)
        prober.times.clear()
        seconds = follow(primary, replica, keys)
        times = prober.finish()
        return {"seconds": seconds, "slowest": times[-1] * 1e3, "p99": percentile(times, 99) * 1e3}


def readers(program, keys, rounds=3):
    """Times of GETs at a replica with two cores that serves its former dataset, at rest and while it loads `keys` keys."""
    with snapshot(program, keys) as path:
        primary = PreparedPrimary(path)
        primary.start()
        runs = [read_beside(program, primary, keys) for _ in range(rounds)]
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


def read_beside(program, primary, keys):
    with Server("cambium-server", program, core=None) as replica:
        replica.client.load(FORMER_KEYS, load.KEY_FORMAT, load.VALUE_SIZE)
        prober = Prober(replica.port, FORMER_KEYS, "GET")
        prober.start()
        time.sleep(5)
        resting = sorted(prober.times)
        prober.times.clear()
        follow(primary, replica, keys)
        loading = prober.finish()
        return {"resting": percentile(resting, 99) * 1e3, "loading": percentile(loading, 99) * 1e3,
                "slowest": loading[-1] * 1e3}


@contextlib.contextmanager
def snapshot(program, keys):
    """The path of a snapshot of so many keys."""
    with Server("cambium-server", program, core=None) as server:
        server.client.load(keys, load.KEY_FORMAT, load.VALUE_SIZE)
        server.client.command("SAVE")
        yield os.path.join(server.directory.name, "dump.rdb")


@contextlib.contextmanager
def pair(name, program):
    loading = [] if name == "cambium-server" else ["--repl-diskless-load", "on-empty-db"]
    with (Server(name, program, DIRECTLY, SERVER_CORE) as primary,
          Server(name, program, DIRECTLY + loading, LOAD_CORE) as replica):
        yield primary, replica


def follow(primary, replica, keys):
    """Seconds until the replica has all of it."""
    start = time.monotonic()
    replica.client.command("REPLICAOF", "127.0.0.1", primary.port)
    while replica.client.info("replication").get("master_link_status") != "up":
        time.sleep(0.02)
        if time.monotonic() - start > 600:
            raise SystemExit(f"{replica.name}: no full sync in ten minutes")
    seconds = time.monotonic() - start
    if replica.client.command("DBSIZE") != keys:
        raise SystemExit(f"{replica.name}: {replica.client.command('DBSIZE')} keys of {keys}")
    return seconds


def percentile(times, percentage):
    return times[min(len(times) * percentage // 100, len(times) - 1)]


class Prober(threading.Thread):
    """One client with one command at a time, on keys that are there."""

    def __init__(self, port, keys, command):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.keys = keys
        self.words = ["another 16 bytes"] if command == "SET" else []
        self.command = command
        self.times = []
        self.ends = False

    def run(self):
        chosen = random.Random(1)
        while not self.ends:
            key = (load.KEY_FORMAT % chosen.randrange(self.keys)).decode()
            start = time.perf_counter()
            self.client.command(self.command, key, *self.words)
            self.times.append(time.perf_counter() - start)
            time.sleep(0.0005)

    def finish(self):
        """All times, in order of length."""
        self.ends = True
        self.join()
        return sorted(self.times)
