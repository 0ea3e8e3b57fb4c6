"""Sessions of redis-py as Debian has it: `redis_py.py PORT SESSION`, against an empty server that allows everything.

Each function below is a session. It says "all well" when every answer was the one that a redis-server gives.
"""

import asyncio
import sys
import threading
import time

import redis
import redis.asyncio as aioredis

PORT = int(sys.argv[1])


def connect(**options):
    return redis.Redis(port=PORT, decode_responses=True, **options)


def fails(call, *words, error=redis.ResponseError):
    """The call is refused, with these words."""
    try:
        call()
    except error as refusal:
        for word in words:
            assert word in str(refusal), refusal
        return
    assert False, "not refused"


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)


def in_thread(call):
    """Starts a call; the result is had by calling what this returns."""
    box = []

    def run():
        try:
            box.append((call(), None))
        except Exception as error:
            box.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()

    def result():
        thread.join(20)
        assert box, "no answer"
        value, error = box[0]
        if error:
            raise error
        return value

    return result


def wait_until_blocked(r, count=1):
    eventually(lambda: r.info("clients")["blocked_clients"] == count)


def types():
    r = connect()
    assert r.mset({"a": 1, "b": 2}) and r.mget("a", "b", "c") == ["1", "2", None]
    assert r.set("a", 5, nx=True) is None and r.set("a", 5, get=True) == "1"
    assert r.getex("a", px=100000) == "5" and r.pttl("a") > 1000 and r.persist("a")
    assert r.append("a", "0") == 2 and r.incrbyfloat("a", 0.5) == 50.5 and r.getdel("a") == "50.5"
    assert r.setbit("bits", 7, 1) == 0 and r.bitcount("bits") == 1 and r.bitpos("bits", 1) == 7
    assert r.bitfield("bits").set("u8", 0, 200).incrby("u8", 0, 100).execute() == [1, 44]
    assert r.hset("h", mapping={"f": 1, "g": 2}) == 2 and r.hgetall("h") == {"f": "1", "g": "2"}
    assert r.hincrby("h", "f", 4) == 5 and r.hrandfield("h", 2, withvalues=True)
    assert r.rpush("l", *range(10)) == 10 and r.lpos("l", "3") == 3 and r.lmove("l", "m", "LEFT", "RIGHT") == "0"
    assert r.lmpop(2, "nothing", "l", direction="LEFT", count=2) == ["l", ["1", "2"]]
    assert r.sadd("s", 1, 2, 3) == 3 and r.sadd("t", 3, 4) == 2 and r.sinter("s", "t") == {"3"}
    assert r.sintercard(2, ["s", "t"]) == 1 and r.smismember("s", ["1", "9"]) == [1, 0]
    assert r.zadd("z", {"a": 1, "b": 2.5, "c": "inf"}) == 3
    assert r.zrange("z", 0, -1, withscores=True) == [("a", 1.0), ("b", 2.5), ("c", float("inf"))]
    assert r.zrange("z", "(1", "+inf", byscore=True, offset=0, num=1) == ["b"]
    assert r.zunion({"z": 2}, withscores=True)[0] == ("a", 2.0) and r.zmscore("z", ["a", "x"]) == [1.0, None]
    assert r.geoadd("g", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")) == 2
    assert r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC") == ["Catania", "Palermo"]
    assert abs(r.geodist("g", "Palermo", "Catania", unit="km") - 166.2742) < 0.001
    assert r.pfadd("p", *range(1000)) == 1 and 980 <= r.pfcount("p") <= 1020
    assert r.sort("l", desc=True, start=0, num=2) == ["9", "8"]
    assert r.object("encoding", "h") == "listpack" and r.type("z") == "zset"
    copy = redis.Redis(port=PORT).dump("h")
    assert r.restore("h2", 0, copy) and r.hgetall("h2") == r.hgetall("h")
    assert r.copy("h", "h3") and r.rename("h3", "h4") and r.unlink("h4") == 1 and r.touch("h", "h2") == 2
    fails(lambda: r.incr("h"), "WRONGTYPE")


def scanning():
    r = connect()
    p = r.pipeline()
    for i in range(2000):
        p.set(f"key:{i}", i)
        p.hset("h", f"f{i}", i)
        p.sadd("s", f"m{i}")
        p.zadd("z", {f"m{i}": i})
    p.execute()
    assert set(r.scan_iter("key:1*", count=50)) == {f"key:{i}" for i in range(2000) if str(i).startswith("1")}
    assert set(r.scan_iter(_type="ZSET")) == {"z"}
    assert dict(r.hscan_iter("h")) == {f"f{i}": str(i) for i in range(2000)}
    assert set(r.sscan_iter("s", match="m19*", count=7)) == {f"m{i}" for i in range(2000) if str(i).startswith("19")}
    assert dict(r.zscan_iter("z")) == {f"m{i}": float(i) for i in range(2000)}


def pipelines():
    r = connect()
    p = r.pipeline(transaction=False)
    for i in range(20000):
        p.incr("counter")
    assert p.execute() == list(range(1, 20001))
    p = r.pipeline()
    p.set("a", "text").incr("a").lpush("list", 1).get("a")
    answers = p.execute(raise_on_error=False)
    assert answers[0] is True and isinstance(answers[1], redis.ResponseError) and answers[2:] == [1, "text"]
    fails(lambda: r.pipeline().set("a", 1).incr("list").execute(), "WRONGTYPE")
    fails(lambda: r.pipeline().execute_command("NOSUCH").execute(), "unknown command", error=redis.RedisError)
    assert r.pipeline().execute() == []


def transactions():
    r, other = connect(), connect()
    r.set("n", 1)
    with r.pipeline() as p:
        p.watch("n")
        value = int(p.get("n"))
        p.multi()
        p.set("n", value + 1)
        assert p.execute() == [True]
    with r.pipeline() as p:
        p.watch("n")
        other.incr("n")
        p.multi()
        p.set("n", 0)
        fails(p.execute, error=redis.WatchError)
    with r.pipeline() as p:
        p.watch("n")
        other.incr("n")
        p.unwatch()
        p.multi()
        p.incr("n")
        assert p.execute() == [5]

    # Many at once: none is lost.
    def count():
        mine = connect()

        def add(p):
            value = int(p.get("total") or 0)
            p.multi()
            p.set("total", value + 1)

        for _ in range(25):
            mine.transaction(add, "total")

    for end in [in_thread(count) for _ in range(4)]:
        end()
    assert r.get("total") == "100"


def blocking():
    r = connect()
    end = in_thread(lambda: connect().blpop(["q1", "q2"], timeout=20))
    wait_until_blocked(r)
    assert r.rpush("q2", "x") == 1 and end() == ("q2", "x") and r.exists("q2") == 0
    end = in_thread(lambda: connect().blmove("from", "to", 20, "LEFT", "RIGHT"))
    wait_until_blocked(r)
    # One that is served serves the next.
    end2 = in_thread(lambda: connect().brpop("to", timeout=20))
    wait_until_blocked(r, 2)
    r.rpush("from", "y")
    assert end() == "y" and end2() == ("to", "y")
    end = in_thread(lambda: connect().bzpopmin(["z"], timeout=20))
    wait_until_blocked(r)
    r.zadd("z", {"b": 2, "a": 1})
    assert end() == ("z", "a", 1.0)
    assert connect().blpop("nothing", timeout=0.05) is None
    # The first to wait is the first to be served.
    ends = []
    for i in range(3):
        ends.append(in_thread(lambda: connect().brpoplpush("queue", "served", 20)))
        wait_until_blocked(r, i + 1)
    r.rpush("queue", 1, 2, 3)
    assert [end() for end in ends] == ["3", "2", "1"]
    waiting = connect(single_connection_client=True)
    ident = waiting.client_id()
    end = in_thread(lambda: waiting.execute_command("BLMPOP", 0, 1, "nothing", "LEFT"))
    wait_until_blocked(r)
    assert r.client_unblock(ident, error=True)
    fails(end, "UNBLOCKED")
    assert r.pipeline().blpop("nothing", timeout=5).execute() == [None]
    assert r.wait(0, 10) == 0


def pubsub():
    r = connect()
    heard = []
    p = r.pubsub()
    p.subscribe(**{"news": heard.append})
    p.psubscribe(**{"n*": heard.append})
    thread = p.run_in_thread(sleep_time=0.01, daemon=True)
    eventually(lambda: r.pubsub_numsub("news") == [("news", 1)] and r.pubsub_numpat() == 1)
    assert r.publish("news", "hello") == 2 and r.publish("none", "x") == 1 and r.publish("else", "x") == 0
    eventually(lambda: len(heard) == 3)
    assert [m["type"] for m in heard] == ["message", "pmessage", "pmessage"] and heard[0]["data"] == "hello"
    assert heard[1]["pattern"] == "n*" and heard[2]["channel"] == "none" and r.pubsub_channels() == ["news"]
    thread.stop()
    thread.join()
    p = r.pubsub()
    p.subscribe("a", "b")
    assert [p.get_message(timeout=5)["data"] for _ in range(2)] == [1, 2]
    p.ping()
    assert p.get_message(timeout=5)["type"] == "pong"
    p.unsubscribe()
    assert sorted(p.get_message(timeout=5)["data"] for _ in range(2)) == [0, 1]
    # Many messages, in order.
    p.subscribe("flood")
    p.get_message(timeout=5)
    sender = r.pipeline(transaction=False)
    for i in range(5000):
        sender.publish("flood", i)
    sender.execute()
    assert [p.get_message(timeout=5)["data"] for _ in range(5000)] == [str(i) for i in range(5000)]


def keyspace_events():
    r = connect()
    r.config_set("notify-keyspace-events", "KEA")
    p = r.pubsub()
    p.psubscribe("__key*__:*")
    p.get_message(timeout=5)
    r.set("k", 1)
    r.lpush("l", 1)
    r.delete("k")
    heard = [p.get_message(timeout=5) for _ in range(6)]
    assert [(m["channel"], m["data"]) for m in heard] == [
        ("__keyspace@0__:k", "set"), ("__keyevent@0__:set", "k"), ("__keyspace@0__:l", "lpush"),
        ("__keyevent@0__:lpush", "l"), ("__keyspace@0__:k", "del"), ("__keyevent@0__:del", "k")], heard
    r.set("short", 1, px=20)
    eventually(lambda: r.get("short") is None)
    said = []
    eventually(lambda: said.append((p.get_message(timeout=1) or {}).get("data")) or "expired" in said)


def tracking():
    r = connect(single_connection_client=True)
    direct = redis.Connection(port=PORT, decode_responses=True)
    direct.connect()
    direct.send_command("CLIENT", "ID")
    ident = direct.read_response()
    direct.send_command("SUBSCRIBE", "__redis__:invalidate")
    assert direct.read_response() == ["subscribe", "__redis__:invalidate", 1]
    assert r.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", ident) == "OK"
    r.set("k", 1)
    r.get("k")
    connect().set("k", 2)
    assert direct.read_response() == ["message", "__redis__:invalidate", ["k"]]
    r.get("k")
    connect().flushall()
    assert direct.read_response() == ["message", "__redis__:invalidate", None]
    assert r.execute_command("CLIENT", "TRACKING", "OFF") == "OK"
    assert r.execute_command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "REDIRECT", ident) == "OK"
    connect().mset({"user:1": 1, "other": 1})
    assert direct.read_response() == ["message", "__redis__:invalidate", ["user:1"]]
    assert r.execute_command("CLIENT", "GETREDIR") == ident


def scripts():
    r = connect()
    add = r.register_script("redis.call('incrby', KEYS[1], ARGV[1]); return redis.call('get', KEYS[1])")
    assert add(keys=["n"], args=[5]) == "5"
    r.script_flush()
    # The client learns that the script is gone, and loads it again.
    assert add(keys=["n"], args=[5]) == "10"
    with r.pipeline() as p:
        add(keys=["n"], args=[1], client=p)
        add(keys=["n"], args=[1], client=p)
        assert p.execute() == ["11", "12"]
    assert r.script_exists(add.sha, "0" * 40) == [True, False]
    assert r.eval("return {1, 'two', {3, false}, 4.9}", 0) == [1, "two", [3, None], 4]
    fails(lambda: r.eval("return redis.call('incr', KEYS[1], 'x')", 1, "n"), "rong number of arg", "script")
    fails(lambda: r.eval("return redis.error_reply('MINE is wrong')", 0), "MINE is wrong")
    fails(lambda: r.evalsha("0" * 40, 0), "No matching script", error=redis.exceptions.NoScriptError)
    assert r.eval("return redis.pcall('nosuch')['err'] ~= nil", 0) == 1
    assert r.eval("return cjson.encode(cjson.decode(ARGV[1]))", 0, '{"a":[1,2]}') == '{"a":[1,2]}'
    assert r.eval("return redis.sha1hex('')", 0) == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert r.execute_command("EVAL_RO", "return redis.call('get', KEYS[1])", 1, "n") == "12"
    fails(lambda: r.execute_command("EVAL_RO", "return redis.call('incr', KEYS[1])", 1, "n"), "Write commands are not allowed")


def functions():
    r = connect()
    code = """#!lua name=mylib
    redis.register_function('put', function(keys, args) return redis.call('set', keys[1], args[1]) end)
    redis.register_function{function_name='read', callback=function(keys) return redis.call('get', keys[1]) end, flags={'no-writes'}}
    """
    assert r.execute_command("FUNCTION", "LOAD", code) == "mylib"
    fails(lambda: r.execute_command("FUNCTION", "LOAD", code), "already exists")
    assert r.execute_command("FUNCTION", "LOAD", "REPLACE", code) == "mylib"
    assert r.fcall("put", 1, "k", "v") == "OK" and r.fcall_ro("read", 1, "k") == "v"
    fails(lambda: r.fcall_ro("put", 1, "k", "v"), "Can not execute a script with write flag using *_ro command")
    payload = redis.Redis(port=PORT).execute_command("FUNCTION", "DUMP")
    assert r.execute_command("FUNCTION", "DELETE", "mylib") == "OK"
    fails(lambda: r.fcall("put", 1, "k", "v"), "Function not found")
    assert r.execute_command("FUNCTION", "RESTORE", payload) == "OK" and r.fcall("read", 1, "k") == "v"
    assert len(r.execute_command("FUNCTION", "LIST")) == 1 and r.execute_command("FUNCTION", "FLUSH") == "OK"


def streams():
    r = connect()
    ids = [r.xadd("x", {"n": i}) for i in range(10)]
    assert r.xlen("x") == 10 and r.xrange("x", ids[3], ids[4]) == [(ids[3], {"n": "3"}), (ids[4], {"n": "4"})]
    assert r.xgroup_create("x", "g", id="0")
    fails(lambda: r.xgroup_create("x", "g"), "BUSYGROUP")
    got = r.xreadgroup("g", "alice", {"x": ">"}, count=4)[0][1]
    assert [i for i, _ in got] == ids[:4] and r.xack("x", "g", *ids[:2]) == 2
    pending = r.xpending("x", "g")
    assert pending["pending"] == 2 and pending["consumers"] == [{"name": "alice", "pending": 2}]
    assert r.xclaim("x", "g", "bob", 0, [ids[2]]) == [(ids[2], {"n": "2"})]
    assert r.xautoclaim("x", "g", "bob", 0, justid=True) == [ids[2], ids[3]]
    assert r.xpending_range("x", "g", "-", "+", 10, consumername="bob")[0]["message_id"] == ids[2]
    end = in_thread(lambda: connect().xreadgroup("g", "carol", {"y": ">"}, block=20000))
    fails(end, "NOGROUP")
    end = in_thread(lambda: connect().xread({"x": "$"}, block=20000))
    wait_until_blocked(r)
    new = r.xadd("x", {"late": 1})
    assert end() == [["x", [(new, {"late": "1"})]]]
    r.xreadgroup("g", "dave", {"x": ">"})
    end = in_thread(lambda: connect().xreadgroup("g", "dave", {"x": ">"}, block=20000))
    wait_until_blocked(r)
    new = r.xadd("x", {"later": 1})
    assert end()[0][1] == [(new, {"later": "1"})]
    assert r.xinfo_stream("x")["length"] == 12 and len(r.xinfo_groups("x")) == 1 and len(r.xinfo_consumers("x", "g")) >= 2
    assert r.xtrim("x", maxlen=5, approximate=False) == 7 and r.xdel("x", new) == 1


def locks():
    r = connect()
    lock = r.lock("resource", timeout=20)
    assert lock.acquire(blocking=False) and not r.lock("resource").acquire(blocking=False) and lock.owned()
    assert lock.extend(10) and lock.reacquire()
    end = in_thread(lambda: connect().lock("resource", blocking_timeout=10, sleep=0.01).acquire())
    time.sleep(0.05)
    lock.release()
    assert end()
    fails(lock.release, error=redis.exceptions.LockError)
    counter = []

    def work():
        mine = connect()
        for _ in range(20):
            with mine.lock("shared", timeout=20, sleep=0.001):
                value = int(mine.get("value") or 0)
                mine.set("value", value + 1)
        counter.append(1)

    for end in [in_thread(work) for _ in range(3)]:
        end()
    assert r.get("value") == "60" and len(counter) == 3


def access():
    r = connect()
    assert r.acl_whoami() == "default"
    assert r.acl_setuser(
        "alice", enabled=True, passwords=["+secret"], keys=["a:*"], commands=["+get", "+set", "+ping", "+acl|whoami"])
    alice = connect(username="alice", password="secret")
    assert alice.set("a:1", 1) and alice.acl_whoami() == "alice"
    fails(lambda: alice.set("b:1", 1), "no permissions to access one of the keys", error=redis.exceptions.NoPermissionError)
    fails(lambda: alice.delete("a:1"), "no permissions to run the 'del' command", error=redis.exceptions.NoPermissionError)
    user = r.acl_getuser("alice")
    assert "on" in user["flags"] and user["enabled"]
    fails(lambda: connect(username="alice", password="wrong").ping(), "WRONGPASS", error=redis.RedisError)
    assert {e["reason"] for e in r.acl_log()} == {"key", "command", "auth"} and r.acl_log_reset()
    assert r.acl_users() == ["alice", "default"] and len(r.acl_list()) == 2 and "write" in r.acl_cat()
    assert len(r.acl_genpass()) == 64 and r.acl_deluser("alice") == 1
    fails(lambda: alice.get("a:1"), error=redis.RedisError)


def clients():
    r, other = connect(), connect(single_connection_client=True, client_name="other")
    ident = other.client_id()
    entry = next(c for c in r.client_list() if c["id"] == str(ident))
    assert entry["name"] == "other" and r.client_list(client_id=[str(ident)])[0]["name"] == "other"
    assert other.client_info()["id"] == ident and r.client_kill_filter(_id=str(ident)) == 1
    # The client connects again by itself.
    assert connect(health_check_interval=1).ping()
    other = connect(retry_on_timeout=True, single_connection_client=True)
    assert other.ping() and r.client_pause(200) and other.ping()
    assert r.client_no_evict("ON") == "OK" and r.client_no_evict("OFF") == "OK"
    quiet = redis.Connection(port=PORT, decode_responses=True)
    quiet.connect()
    for words in (("CLIENT", "REPLY", "SKIP"), ("SET", "a", 1), ("CLIENT", "REPLY", "OFF"), ("INCR", "a"), ("CLIENT", "REPLY", "ON")):
        quiet.send_command(*words)
    assert quiet.read_response() == "OK"
    quiet.send_command("GET", "a")
    assert quiet.read_response() == "2"
    pool = redis.BlockingConnectionPool(port=PORT, max_connections=3, timeout=10)
    shared = redis.Redis(connection_pool=pool)
    for end in [in_thread(lambda: [shared.incr("pooled") for _ in range(50)]) for _ in range(10)]:
        end()
    assert shared.get("pooled") == b"500"


def monitor():
    r = connect()
    with r.monitor() as m:
        r.set("watched", "by me")
        seen = m.next_command()
        assert seen["command"] == "SET watched by me" and seen["db"] == 0, seen


def server():
    r = connect()
    assert r.ping() and r.echo("x") == "x" and abs(r.time()[0] - time.time()) < 100
    for section in ("server", "clients", "memory", "persistence", "stats", "replication", "cpu", "commandstats", "keyspace", "errorstats"):
        r.info(section)
    r.set("k", "v")
    assert r.info("commandstats")["cmdstat_set"]["calls"] >= 1 and r.info()["redis_version"].startswith("7.0")
    assert r.config_get("maxmemory*")["maxmemory"] == "0" and r.config_set("maxmemory-policy", "allkeys-lru")
    assert r.config_resetstat() and r.memory_usage("k") > 0 and r.memory_stats()["keys.count"] == 1
    assert r.command_count() > 200 and "get" in r.command() and r.command_getkeys("MSET", "a", 1, "b", 2) == ["a", "b"]
    r.config_set("slowlog-log-slower-than", 0)
    r.get("k")
    assert any(e["command"] == b"GET k" or e["command"] == "GET k" for e in r.slowlog_get(10)) and r.slowlog_len() > 0
    assert r.slowlog_reset() and r.dbsize() == 1 and r.lastsave() and r.bgsave()
    assert r.role()[0] == "master" and r.swapdb(0, 1) and connect(db=1).get("k") == "v" and r.dbsize() == 0
    assert connect(db=1).move("k", 0) and r.flushall() and r.dbsize() == 0


def asynchronous():
    async def main():
        r = aioredis.Redis(port=PORT, decode_responses=True)
        await asyncio.gather(*(r.set(f"k{i}", i) for i in range(300)))
        assert await asyncio.gather(*(r.get(f"k{i}") for i in range(300))) == [str(i) for i in range(300)]
        async with r.pipeline(transaction=True) as p:
            assert await p.set("a", 1).incr("a").execute() == [True, 2]

        async def add(p):
            value = int(await p.get("n") or 0)
            p.multi()
            p.set("n", value + 1)

        async def count():
            for _ in range(20):
                await r.transaction(add, "n")

        await asyncio.gather(*(count() for _ in range(4)))
        assert await r.get("n") == "80"
        waiting = asyncio.create_task(r.blpop("q", timeout=20))
        while (await r.info("clients"))["blocked_clients"] == 0:
            await asyncio.sleep(0.01)
        await r.rpush("q", "x")
        assert await waiting == ("q", "x")
        async with r.pubsub() as p:
            await p.subscribe("ch")
            assert (await p.get_message(timeout=5))["type"] == "subscribe"
            await r.publish("ch", "hello")
            message = None
            while not message:
                message = await p.get_message(ignore_subscribe_messages=True, timeout=5)
            assert message["data"] == "hello"
        assert sorted([k async for k in r.scan_iter("k1*")]) == sorted(f"k{i}" for i in range(300) if str(i).startswith("1"))
        script = r.register_script("return ARGV[1]")
        assert await script(args=["x"]) == "x"
        async with r.lock("lock", timeout=20):
            assert await r.exists("lock")
        await r.close()

    asyncio.run(main())


SESSIONS = [
    types, scanning, pipelines, transactions, blocking, pubsub, keyspace_events, tracking, scripts, functions, streams,
    locks, access, clients, monitor, server, asynchronous,
]

if __name__ == "__main__":
    {session.__name__: session for session in SESSIONS}[sys.argv[2]]()
    print("all well")
