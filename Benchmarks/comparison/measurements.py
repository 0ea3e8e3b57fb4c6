"""What is measured. Every function returns plain data, which report.py prints and `--json` stores."""

import statistics
import time

from . import load
from .load import Case
from .server import Server


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def compare(servers, case, rounds, seconds):
    """Both servers under the same load, turn about; ratios are the subject's rate to the reference's."""
    reference, subject = servers
    requests = load.requests_for(servers, case, seconds)
    runs = {server.name: [] for server in servers}
    for number in range(rounds):
        # Who goes first changes, in case the machine warms up or slows down.
        for server in servers if number % 2 == 0 else reversed(servers):
            runs[server.name].append(load.run(server, case, requests))
    pairs = list(zip(runs[subject.name], runs[reference.name]))

    def both(figure):
        return {
            "ratio": spread([figure(ours) / figure(theirs) for ours, theirs in pairs]),
            "subject": spread([figure(ours) for ours, _ in pairs]),
            "reference": spread([figure(theirs) for _, theirs in pairs]),
        }

    return {
        "case": case.title, "rounds": rounds, "requests": requests,
        "rate": both(lambda run: run.requests_per_second),
        "cpu": both(lambda run: run.cpu_microseconds_per_request),
    }


def throughput(reference, subject, cases, rounds, seconds):
    """Requests per second, and processor time per request, with a million keys in each server."""
    with Server("reference", reference) as one, Server("subject", subject) as other:
        for server in (one, other):
            server.client.load(load.KEYS, load.KEY_FORMAT, load.VALUE_SIZE)
        return [compare((one, other), case, rounds, seconds) for case in cases]


def memory(reference, subject):
    """Bytes for each of a million keys of 18 bytes with values of 16."""
    result = {}
    for name, program in (("reference", reference), ("subject", subject)):
        with Server(name, program) as server:
            def used():
                return int(server.client.info("memory")["used_memory"])

            used_before, resident_before = used(), server.resident_bytes()
            server.client.load(load.KEYS, b"key:%014d", load.VALUE_SIZE)
            result[name] = {
                "used_memory": (used() - used_before) / load.KEYS,
                "resident": (server.resident_bytes() - resident_before) / load.KEYS,
            }
            if name == "subject":
                live = int(server.client.info("versions").get("live_bytes", 0))
                result[name]["store"] = live / load.KEYS if live else None
    return result


def retained(subject, rounds, seconds):
    """SET with a version that was created right before the run, so that every key has to be copied once, and without."""
    case = Case("set", 16)
    with Server("subject", subject) as server:
        server.client.load(load.KEYS, load.KEY_FORMAT, load.VALUE_SIZE)
        requests = load.requests_for([server], case, seconds)
        rates = {"with": [], "without": []}
        for _ in range(rounds):
            rates["without"].append(load.run(server, case, requests).requests_per_second)
            version = server.client.command("VERSION", "CREATE")
            rates["with"].append(load.run(server, case, requests).requests_per_second)
            server.client.command("VERSION", "DROP", version)
            wait_for_memory(server)
    ratios = [kept / free for kept, free in zip(rates["with"], rates["without"])]
    return {
        "case": case.title, "rounds": rounds, "requests": requests, "ratio": spread(ratios),
        "with": spread(rates["with"]), "without": spread(rates["without"]),
    }


def wait_for_memory(server):
    """Until what was dropped has been freed."""
    while int(server.client.info("versions")["versions_waiting_bytes"]) > 0:
        time.sleep(0.05)


def versions(subject, sizes, repetitions=200):
    """How long VERSION CREATE and VERSION ROLLBACK take, by the server's own count and by the client's clock."""
    result = []
    with Server("subject", subject) as server:
        client = server.client
        loaded = 0
        for size in sizes:
            client.command("FLUSHALL")
            for version in client.command("VERSION", "LIST"):
                client.command("VERSION", "DROP", version[1])
            wait_for_memory(server)
            client.load(size, b"key:%014d", load.VALUE_SIZE)
            loaded = size
            base = client.command("VERSION", "CREATE")
            client.command("CONFIG", "RESETSTAT")
            times = {"ping": [], "create": [], "rollback": []}
            for number in range(repetitions):
                # There is something to keep each time.
                client.command("SET", f"key:{number % loaded:014d}", number)
                times["ping"].append(clock(client, "PING"))
                times["create"].append(clock(client, "VERSION", "CREATE"))
                client.command("SET", f"key:{number % loaded:014d}", "again")
                times["rollback"].append(clock(client, "VERSION", "ROLLBACK", base))
            counted = client.info("commandstats")
            result.append({
                "keys": size, "repetitions": repetitions,
                "round_trip_microseconds": {name: spread(values) for name, values in times.items()},
                "server_microseconds": {
                    "create": usec_per_call(counted, "version|create"),
                    "rollback": usec_per_call(counted, "version|rollback"),
                },
            })
    return result


def clock(client, *command):
    start = time.perf_counter_ns()
    client.command(*command)
    return (time.perf_counter_ns() - start) / 1000


def usec_per_call(counted, command):
    fields = dict(field.split("=") for field in counted[f"cmdstat_{command}"].split(","))
    return float(fields["usec_per_call"])
