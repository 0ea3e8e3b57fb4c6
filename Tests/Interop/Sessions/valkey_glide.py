"""Sessions of valkey-glide: `valkey_glide.py PORT SESSION [CERTIFICATES]`, against an empty server that allows everything.

Each function below is a session. It says "all well" when every answer was the one that a redis-server gives.
"""

import asyncio
import sys

from glide import (
    AdvancedGlideClientConfiguration, Batch, ExpirySet, ExpiryType, GlideClient, GlideClientConfiguration,
    ListDirection, NodeAddress, ProtocolVersion, RequestError, Script, StreamAddOptions, StreamReadGroupOptions,
    TlsAdvancedConfiguration,
)

PORT = int(sys.argv[1])


async def connect(**options):
    return await GlideClient.create(GlideClientConfiguration(
        [NodeAddress("localhost", PORT)], request_timeout=20000, **options))


async def fails(call, words):
    try:
        await call
    except RequestError as refusal:
        assert words in str(refusal), refusal
        return
    assert False, "not refused"


async def eventually(condition):
    for _ in range(2000):
        if await condition():
            return
        await asyncio.sleep(0.005)
    assert False, "did not happen"


async def types():
    for protocol in (ProtocolVersion.RESP3, ProtocolVersion.RESP2):
        c = await connect(protocol=protocol, client_name="glide")
        assert await c.client_getname() == b"glide"
        assert await c.set("a", "1", expiry=ExpirySet(ExpiryType.SEC, 100)) == "OK" and await c.ttl("a") > 90
        assert await c.incrby("a", 41) == 42 and await c.mget(["a", "none"]) == [b"42", None]
        assert await c.hset("h", {"f": "1", "g": "2"}) == 2 and await c.hgetall("h") == {b"f": b"1", b"g": b"2"}
        assert await c.rpush("l", ["1", "2", "3"]) == 3 and await c.lrange("l", 0, -1) == [b"1", b"2", b"3"]
        assert await c.sadd("s", ["x", "y"]) == 2 and await c.smembers("s") == {b"x", b"y"}
        assert await c.zadd("z", {"m": 1.5, "n": 2}) == 2 and await c.zscore("z", "m") == 1.5
        assert await c.zadd_incr("z", "m", 1) == 2.5
        await fails(c.incr("h"), "WRONGTYPE")
        assert await c.custom_command(["OBJECT", "ENCODING", "h"]) == b"listpack"
        big = bytes(range(256)) * 4096 * 10
        assert await c.set("big", big) == "OK" and await c.get("big") == big
        assert await c.flushall() == "OK"
        await c.close()


async def batches():
    c = await connect()
    b = Batch(is_atomic=False)
    for _ in range(10000):
        b.incr("n")
    assert await c.exec(b, raise_on_error=True) == list(range(1, 10001))
    b = Batch(is_atomic=True)
    b.set("a", "text").get("a").hset("h", {"f": "1"}).hgetall("h").sadd("s", ["m"])
    assert await c.exec(b, raise_on_error=True) == ["OK", b"text", 1, {b"f": b"1"}, 1]
    b = Batch(is_atomic=True)
    b.incr("a").set("b", "1")
    answers = await c.exec(b, raise_on_error=False)
    assert isinstance(answers[0], RequestError) and answers[1] == "OK"
    other = await connect()
    assert await c.watch(["w"]) == "OK"
    await other.set("w", "1")
    b = Batch(is_atomic=True)
    b.set("w", "2")
    assert await c.exec(b, raise_on_error=True) is None and await c.get("w") == b"1"
    assert await asyncio.gather(*(c.incr("many") for _ in range(1000))) is not None
    assert await c.get("many") == b"1000"


async def waiting():
    c, other = await connect(), await connect()
    task = asyncio.create_task(other.blpop(["q"], 20))

    async def is_blocked():
        return b"blocked_clients:1" in await c.info()

    await eventually(is_blocked)
    await c.rpush("q", ["x"])
    assert await task == [b"q", b"x"] and await other.blpop(["q"], 0.05) is None
    task = asyncio.create_task(other.blmove("from", "to", ListDirection.LEFT, ListDirection.RIGHT, 20))
    await eventually(is_blocked)
    await c.lpush("from", ["y"])
    assert await task == b"y"


async def messages():
    heard = []
    modes = GlideClientConfiguration.PubSubChannelModes
    subscriptions = GlideClientConfiguration.PubSubSubscriptions(
        channels_and_patterns={modes.Exact: {"news"}, modes.Pattern: {"n*"}},
        callback=lambda message, _: heard.append(message), context=None)
    listener = await connect(pubsub_subscriptions=subscriptions)
    c = await connect()

    async def is_listening():
        return await c.pubsub_numsub(["news"]) == {b"news": 1} and await c.pubsub_numpat() == 1

    await eventually(is_listening)
    for i in range(100):
        assert await c.publish(f"{i}", "news") == 2

    async def has_heard():
        return len(heard) == 200

    await eventually(has_heard)
    assert [m.message for m in heard if m.pattern is None] == [str(i).encode() for i in range(100)]
    # A connection that listens answers commands too.
    assert await listener.set("k", "v") == "OK"


async def scripts():
    c = await connect()
    script = Script("redis.call('incrby', KEYS[1], ARGV[1]); return redis.call('get', KEYS[1])")
    assert await c.invoke_script(script, keys=["n"], args=["5"]) == b"5"
    await c.script_flush()
    assert await c.invoke_script(script, keys=["n"], args=["5"]) == b"10"
    await fails(c.invoke_script(Script("return redis.error_reply('MINE is wrong')")), "is wrong")
    code = "#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)"
    assert await c.function_load(code) == b"lib" and await c.fcall("f", [], ["x"]) == b"x"
    assert await c.function_list() and await c.function_flush() == "OK"


async def streams():
    c = await connect()
    ids = [await c.xadd("x", [("n", str(i))]) for i in range(5)]
    assert await c.xlen("x") == 5 and await c.xgroup_create("x", "g", "0") == "OK"
    got = await c.xreadgroup({"x": ">"}, "g", "alice", StreamReadGroupOptions(count=2))
    assert list(got[b"x"]) == ids[:2] and await c.xack("x", "g", [ids[0]]) == 1
    assert (await c.xpending("x", "g"))[0] == 1
    assert list(await c.xclaim("x", "g", "bob", 0, [ids[1]])) == [ids[1]]
    assert await c.xadd("x", [("n", "9")], StreamAddOptions(make_stream=False)) is not None
    assert await c.xdel("x", ids) == 5


async def scanning():
    c = await connect()
    b = Batch(is_atomic=False)
    for i in range(1000):
        b.set(f"key:{i}", str(i))
        b.hset("h", {f"f{i}": str(i)})
    await c.exec(b, raise_on_error=True)
    for name, call in (("keys", lambda cursor: c.scan(cursor, "key:*", 37)), ("fields", lambda cursor: c.hscan("h", cursor, count=50))):
        cursor, found = b"0", []
        while True:
            cursor, part = await call(cursor)
            found += part
            if cursor == b"0":
                break
        assert len(set(found)) >= 1000, (name, len(set(found)))


async def secure():
    directory = sys.argv[3] + "/"
    read = lambda name: open(directory + name, "rb").read()
    tls = TlsAdvancedConfiguration(
        root_pem_cacerts=read("ca.crt"), client_cert_pem=read("client.crt"), client_key_pem=read("client.key"))
    c = await connect(use_tls=True, advanced_config=AdvancedGlideClientConfiguration(tls_config=tls))
    big = bytes(range(256)) * 4096 * 4
    assert await c.set("big", big) == "OK" and await c.get("big") == big
    assert await asyncio.gather(*(c.set(f"k{i}", str(i)) for i in range(1000)))
    b = Batch(is_atomic=True)
    b.incr("k1").get("k2")
    assert await c.exec(b, raise_on_error=True) == [2, b"2"]


SESSIONS = [types, batches, waiting, messages, scripts, streams, scanning, secure]

if __name__ == "__main__":
    asyncio.run({session.__name__: session for session in SESSIONS}[sys.argv[2]]())
    print("all well")
