"""A load that counts the bytes of the replies and does not look at them.

Of long replies redis-benchmark parses every element, which takes it as long as redis-server needs to write them: it would
measure itself. All replies must have the same length. Called as a program: port, clients, pipeline, requests, words.
Prints requests per second.
"""

import select
import socket
import sys
import time


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def encode(words):
    words = [word.encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def reply_length(port, request):
    """Bytes of one reply, and whatever follows it: the reply to a PING."""
    with connect(port) as probe:
        probe.sendall(request + b"PING\r\n")
        reply = b""
        while not reply.endswith(b"+PONG\r\n"):
            part = probe.recv(1 << 16)
            if not part:
                raise SystemExit("the server closed the connection")
            reply += part
        if reply.startswith(b"-"):
            raise SystemExit(reply.decode(errors="replace"))
        return len(reply) - len(b"+PONG\r\n")


def run(port, clients, pipeline, requests, words):
    request = encode(words)
    batch = request * pipeline
    expected = reply_length(port, request) * pipeline
    batches = requests // pipeline
    poll = select.epoll()
    connections = {}
    left = {}
    buffer = bytearray(1 << 20)
    start = time.perf_counter()
    for _ in range(min(clients, batches)):
        connection = connect(port)
        connections[connection.fileno()] = connection
        left[connection.fileno()] = expected
        poll.register(connection.fileno(), select.EPOLLIN)
        connection.sendall(batch)
        batches -= 1
    open_batches = len(connections)
    while open_batches > 0:
        for descriptor, _ in poll.poll():
            connection = connections[descriptor]
            count = connection.recv_into(buffer)
            if count == 0:
                raise SystemExit("the server closed the connection")
            left[descriptor] -= count
            if left[descriptor] > 0:
                continue
            if left[descriptor] < 0:
                raise SystemExit("the replies are not of one length")
            if batches > 0:
                batches -= 1
                left[descriptor] = expected
                connection.sendall(batch)
            else:
                open_batches -= 1
    return requests // pipeline * pipeline / (time.perf_counter() - start)


if __name__ == "__main__":
    port, clients, pipeline, requests = map(int, sys.argv[1:5])
    print(run(port, clients, pipeline, requests, sys.argv[5:]))
