"""BGSAVE while one client goes on setting random keys: how long the slowest SET takes, and what memory it costs."""

import random
import statistics
import threading
import time

from . import load
from .client import Client
from .server import Server


def compare(reference, subject, rounds=5):
    """The median of some rounds, turn about, in each figure."""
    programs = {"redis-server": reference, "cambium-server": subject}
    runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(save(name, program))
    return {name: {figure: statistics.median(run[figure] for run in runs[name]) for figure in runs[name][0]}
            for name in programs}


def save(name, program):
    with Server(name, program) as server:
        server.client.load(load.KEYS, load.KEY_FORMAT, load.VALUE_SIZE)
        writer = Writer(server.port)
        writer.start()
        time.sleep(0.5)
        resting = memory(server)
        writer.times.clear()
        start = time.monotonic()
        server.client.command("BGSAVE")
        highest = 0
        while server.client.info("persistence")["rdb_bgsave_in_progress"] == "1":
            highest = max(highest, memory(server))
            time.sleep(0.02)
        seconds = time.monotonic() - start
        times = sorted(writer.times)
        writer.ends = True
        writer.join()
        if server.client.info("persistence")["rdb_last_bgsave_status"] != "ok":
            raise SystemExit(f"{name}: BGSAVE failed")
        return {"slowest": times[-1] * 1e3, "p999": times[len(times) * 999 // 1000] * 1e3, "count": len(times),
                "seconds": seconds, "memory": max(highest - resting, 0)}


def memory(server):
    """What the server takes, and the child that it may have forked; a page that both have counts once. In bytes."""
    return sum(proportional(process) for process in [server.process.pid, *children(server.process.pid)])


def children(process):
    with open(f"/proc/{process}/task/{process}/children") as file:
        return file.read().split()


def proportional(process):
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except OSError:
        return 0


class Writer(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.times = []
        self.ends = False

    def run(self):
        chosen = random.Random(1)
        while not self.ends:
            key = (load.KEY_FORMAT % chosen.randrange(load.KEYS)).decode()
            start = time.perf_counter()
            self.client.command("SET", key, "another 16 bytes")
            self.times.append(time.perf_counter() - start)
