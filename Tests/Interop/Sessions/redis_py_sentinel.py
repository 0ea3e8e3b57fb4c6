"""A client that finds its primary by sentinels: `redis_py_sentinel.py STOP_FILE SENTINEL_PORT...`, with redis-py as Debian has it.

Writes one key after the other, each with WAIT for one of two replicas, until STOP_FILE is there. Then every write that was
acknowledged by then must still be there. Says "all well" and how many these were, and which primaries it has met.
"""

import os
import sys
import time

import redis
from redis.sentinel import MasterNotFoundError, Sentinel, SlaveNotFoundError

STOP_FILE = sys.argv[1]
sentinel = Sentinel([("127.0.0.1", int(port)) for port in sys.argv[2:]], socket_timeout=2, decode_responses=True)
primary = sentinel.master_for("mymaster", socket_timeout=2, decode_responses=True)
LOST = (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, redis.ResponseError, MasterNotFoundError)


def patiently(call, seconds=30):
    """What a client does that does not give up at the first error."""
    end = time.monotonic() + seconds
    while True:
        try:
            return call()
        except LOST + (SlaveNotFoundError,):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


acknowledged, met, failures, number = [], [], 0, 0
while not os.path.exists(STOP_FILE):
    number += 1
    try:
        pipeline = primary.pipeline(transaction=False)
        pipeline.set(f"key:{number}", f"value {number}")
        pipeline.execute_command("WAIT", 1, 1000)
        written, replicas = pipeline.execute()
        assert written, written
        if replicas >= 1:
            acknowledged.append(number)
            port = sentinel.discover_master("mymaster")[1]
            if port not in met:
                met.append(port)
    except LOST:
        failures += 1
        time.sleep(0.05)
    time.sleep(0.002)

missing = []
for first in range(0, len(acknowledged), 500):
    numbers = acknowledged[first : first + 500]
    values = patiently(lambda: primary.mget([f"key:{n}" for n in numbers]))
    missing += [n for n, value in zip(numbers, values) if value != f"value {n}"]
assert not missing, f"{len(missing)} acknowledged writes are lost, the first is number {missing[0]} of {number}"
replica = sentinel.slave_for("mymaster", socket_timeout=2, decode_responses=True)
if acknowledged:
    patiently(lambda: replica.get(f"key:{acknowledged[0]}"))
print("all well:", len(acknowledged), "acknowledged,", failures, "failures, primaries", *met)
