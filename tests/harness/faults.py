"""A bad line to the stand-in: requests that fail, answers that are lost, connections that end or fall silent."""

import collections
import http.client
import random
import socket
import struct
import threading
import time

# What can happen to a request, besides arriving and being answered. "Done" ones arrive: only their answer is lost.
FATES = ("error", "error-when-done", "reset", "reset-when-done", "silence-when-done")
# Longer than a caller waits for an answer.
SILENCE_SECONDS = 2.0
ERROR = b'{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "a fault of the service"}'


class BadLine:
    """Forwards HTTP requests to a local port; the share of those that go wrong is drawn by a seed."""

    def __init__(self, upstream, share, seed):
        self.fates = collections.Counter()
        self._upstream, self._share, self._dice, self._lock = upstream, share, random.Random(seed), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _fate(self):
        with self._lock:
            # Silence is dear in time, so it is rarer than the others.
            weights = [4] * (len(FATES) - 1) + [1]
            fate = self._dice.choices(FATES, weights)[0] if self._dice.random() < self._share else "answer"
            self.fates[fate] += 1
            return fate

    def _serve(self, connection):
        upstream = http.client.HTTPConnection("127.0.0.1", self._upstream)
        with connection, connection.makefile("rb") as requests:
            while request := _read(requests):
                fate = self._fate()
                answer = (500, ERROR) if fate == "error" else None
                if fate not in ("error", "reset"):
                    answer = _forward(upstream, request)
                if fate == "error-when-done":
                    answer = (500, ERROR)
                if fate.startswith("silence"):
                    time.sleep(SILENCE_SECONDS)
                if fate.startswith(("reset", "silence")):
                    # With nothing to linger for, closing sends a reset.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                try:
                    connection.sendall(_written(*answer))
                except OSError:
                    break
        upstream.close()


def _read(requests):
    """One request: (method, path, headers, body); nothing where the connection has ended."""
    try:
        line = requests.readline()
        if not line:
            return None
        method, path, _ = line.decode().split(" ", 2)
        headers = http.client.parse_headers(requests)
        return method, path, headers, requests.read(int(headers.get("Content-Length") or 0))
    except OSError:
        return None


def _forward(upstream, request):
    method, path, headers, body = request
    upstream.request(method, path, body, dict(headers.items()))
    answer = upstream.getresponse()
    return answer.status, answer.read()


def _written(status, body):
    reason = http.client.responses[status]
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
