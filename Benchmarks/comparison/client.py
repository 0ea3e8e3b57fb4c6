"""A blocking client: just enough of the protocol to set up a server and to ask it about itself."""

import socket


class ServerError(Exception):
    """An error reply."""


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 16)

    def command(self, *arguments):
        """Sends one command and returns its reply: an int, a str, a list or None."""
        self.socket.sendall(self._request(arguments))
        return self._reply()

    @staticmethod
    def _request(arguments):
        words = [str(argument).encode() for argument in arguments]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def _reply(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, text = line[:1], line[1:-2].decode()
        if kind == b"+":
            return text
        if kind == b"-":
            raise ServerError(text)
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if text == "-1" else self.reader.read(int(text) + 2)[:-2].decode()
        if kind == b"*":
            return None if text == "-1" else [self._reply() for _ in range(int(text))]
        raise ConnectionError(f"unknown reply: {line!r}")

    def info(self, section):
        """The fields of a section of INFO."""
        lines = self.command("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def load(self, count, key_format, value_size):
        """Sets the keys 0 to `count` - 1, ten thousand commands at a time."""
        value = b"x" * value_size
        key_size = len(key_format % 0)
        command = b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (key_size, key_format, value_size, value)
        for start in range(0, count, 10_000):
            numbers = range(start, min(start + 10_000, count))
            self.socket.sendall(b"".join([command % number for number in numbers]))
            answer = self.reader.read(5 * len(numbers))
            if answer != b"+OK\r\n" * len(numbers):
                raise ServerError(answer[:200].decode(errors="replace"))

    def pipeline(self, commands, depth=1000):
        """Sends commands, so many at a time, and checks that none is refused."""
        batch = []
        for words in commands:
            batch.append(self._request(words))
            if len(batch) == depth:
                self._exchange(batch)
                batch = []
        self._exchange(batch)

    def _exchange(self, batch):
        self.socket.sendall(b"".join(batch))
        for _ in batch:
            self._reply()
