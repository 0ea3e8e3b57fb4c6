"""A primary that has nothing but a snapshot in a file: it costs next to no processor time, so that what a replica's clients
notice of a full sync is the replica's doing."""

import os
import socket
import threading


class PreparedPrimary(threading.Thread):
    """Gives whoever asks for a replication stream the snapshot, and nothing behind it."""

    HISTORY = b"c" * 40

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as reader:
            while words := self.request(reader):
                name = words[0].upper()
                if name == b"PSYNC":
                    connection.sendall(b"+FULLRESYNC %s 1\r\n$%d\r\n" % (self.HISTORY, os.path.getsize(self.path)))
                    with open(self.path, "rb") as file:
                        connection.sendfile(file)
                elif name == b"PING":
                    connection.sendall(b"+PONG\r\n")
                elif words[:2] != [b"REPLCONF", b"ACK"]:
                    connection.sendall(b"+OK\r\n")

    @staticmethod
    def request(reader):
        """The words of the next command; none when the connection has ended."""
        line = reader.readline()
        # An empty line is a sign of life.
        while line == b"\n":
            line = reader.readline()
        return [reader.read(int(reader.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))] if line else []
