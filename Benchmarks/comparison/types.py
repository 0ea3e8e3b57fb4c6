"""The types beside strings: throughput at pipeline 16, memory, and what a write to a sealed collection costs."""

import statistics

from . import load, measurements
from .load import Case
from .server import Server

TITLE = "Requests per second, 50 clients, pipeline 16, one large value of each type"
MEMBERS = 1_000_000
RANDOM = "__rand_int__"

CASES = [
    Case("hset", 16, ("HSET", "hash", f"field:{RANDOM}", "a 16-byte value!"), is_light=True),
    Case("hget", 16, ("HGET", "hash", f"field:{RANDOM}"), is_light=True),
    Case("lpush", 16, ("LPUSH", "list", "a 16-byte value!"), is_light=True),
    Case("lpop", 16, ("LPOP", "list"), is_light=True),
    Case("lrange 100", 16, ("LRANGE", "range", "0", "99"), is_light=True),
    Case("sadd", 16, ("SADD", "set", f"member:{RANDOM}"), is_light=True),
    Case("spop", 16, ("SPOP", "set"), is_light=True),
    Case("zadd", 16, ("ZADD", "zset", RANDOM, f"member:{RANDOM}"), is_light=True),
    Case("zrangebyscore", 16, ("ZRANGEBYSCORE", "zset", RANDOM, "+inf", "LIMIT", "0", "10"), is_light=True),
    Case("xadd", 16, ("XADD", "stream", "MAXLEN", "~", "1000000", "*", "field", "a 16-byte value!"), is_light=True),
    Case("incr", 16, ("INCR", f"counter:{RANDOM}"), is_light=True),
]


def throughput(reference, subject, rounds, seconds):
    """Each case on values that are filled anew for it, so that it does not matter which server has got further."""
    results = []
    for case in CASES:
        with Server("reference", reference) as one, Server("subject", subject) as other:
            for server in (one, other):
                fill(server.client, case.command)
            results.append(measurements.compare((one, other), case, rounds, seconds))
    return results


def fill(client, command):
    """What a case needs to be there: enough that what takes away does not come to the end."""
    if command in ("hset", "hget"):
        client.pipeline(("HSET", "hash", f"field:{number:012d}", "a 16-byte value!") for number in range(MEMBERS))
    elif command in ("lpush", "lpop"):
        values = ["a 16-byte value!"] * 1000
        client.pipeline(("RPUSH", "list", *values) for _ in range(32 * MEMBERS // 1000 if command == "lpop" else 1))
    elif command == "lrange 100":
        client.pipeline(("RPUSH", "range", f"element:{number:08d}") for number in range(10_000))
    elif command == "sadd":
        client.pipeline(("SADD", "set", f"member:{number:012d}") for number in range(MEMBERS))
    elif command == "spop":
        client.pipeline(
            ("SADD", "set", *(f"member:{start + number:012d}" for number in range(1000)))
            for start in range(0, 12 * MEMBERS, 1000))
    elif command in ("zadd", "zrangebyscore"):
        client.pipeline(("ZADD", "zset", number, f"member:{number:012d}") for number in range(MEMBERS))


def small(kind, number):
    key = f"{kind}:{number:012d}"
    items = [f"item:{number % 1000 + index}" for index in range(5)]
    if kind == "hash":
        return ("HSET", key, *(word for item in items for word in (item, "value")))
    if kind == "list":
        return ("RPUSH", key, *items)
    if kind == "set":
        return ("SADD", key, *items)
    return ("ZADD", key, *(word for score, item in enumerate(items) for word in (score, item)))


def large(kind):
    if kind == "set":
        return (("SADD", "set", f"member:{number:012d}") for number in range(MEMBERS))
    if kind == "list":
        return (("RPUSH", "list", f"element:{number:012d}") for number in range(MEMBERS))
    if kind == "hash":
        return (("HSET", "hash", f"field:{number:012d}", "a 16-byte value!") for number in range(MEMBERS))
    return (("ZADD", "zset", number, f"member:{number:012d}") for number in range(MEMBERS))


def memory(reference, subject):
    """Bytes that a small collection takes, and a member of a large one, by used_memory."""
    cases = [(f"{kind} of 5, each of 1,000,000", lambda kind=kind: (small(kind, n) for n in range(MEMBERS)))
             for kind in ("hash", "list", "set", "zset")]
    cases += [(f"{kind} of 1,000,000, each member", lambda kind=kind: large(kind)) for kind in ("hash", "zset")]
    return [{"case": title, "reference": grown(reference, commands()), "subject": grown(subject, commands())}
            for title, commands in cases]


def grown(program, commands):
    with Server("measured", program) as server:
        before = int(server.client.info("memory")["used_memory"])
        server.client.pipeline(commands)
        return (int(server.client.info("memory")["used_memory"]) - before) / MEMBERS


def sealed(subject, rounds=9, repetitions=1000):
    """The mean time of a write in the server, by its own count, each after a VERSION CREATE, and without one: the median of
    some rounds, turn about. Every write changes something, and no member is written twice."""
    cases = [("HSET", "hash", lambda n: ("HSET", "hash", f"field:{n:012d}", "another 16 bytes")),
             ("ZADD", "zset", lambda n: ("ZADD", "zset", n + 0.5, f"member:{n:012d}")),
             ("SADD", "set", lambda n: ("SADD", "set", f"new:{n:012d}")),
             ("LSET", "list", lambda n: ("LSET", "list", n, "another 16 bytes"))]
    results = []
    for command, kind, words in cases:
        with Server("subject", subject) as server:
            server.client.pipeline(large(kind))
            times = {"open": [], "sealed": []}
            done = 0
            for _ in range(rounds):
                for name in times:
                    times[name].append(writes(server.client, words, done, repetitions, name == "sealed"))
                    done += repetitions
            open_, sealed_ = (statistics.median(times[name]) for name in ("open", "sealed"))
            results.append({"case": f"{command}, {kind}", "repetitions": repetitions, "open": open_, "sealed": sealed_})
    return results


def writes(client, words, done, repetitions, seals):
    client.command("CONFIG", "RESETSTAT")
    for number in range(done, done + repetitions):
        # As many commands either way, so that the write finds the server equally warm.
        version = client.command("VERSION", "CREATE") if seals else client.command("PING")
        command = words(number * 7919 % MEMBERS)
        client.command(*command)
        client.command(*(("VERSION", "DROP", version) if seals else ("PING",)))
    return measurements.usec_per_call(client.info("commandstats"), command[0].lower())
