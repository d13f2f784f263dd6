"""A Lambda sandbox: one `bootstrap` process and the Runtime API that it polls, as AWS runs them.

The API is the one of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: GET next, POST response,
POST error, POST init error. One sandbox takes one event at a time.
"""

import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

PREFIX = "/2018-06-01/runtime"


class Answer(NamedTuple):
    """What came of one invocation: `kind` is response, error, init-error, exit or time-out."""

    kind: str
    body: str


class Sandbox:
    """A running `bootstrap`. It starts with the object and ends with `close`."""

    def __init__(self, command, env, task_root, function_arn, limit_seconds):
        self.lines = []
        self.limit_seconds = limit_seconds
        self.function_arn = function_arn
        self.key = env["AWS_ACCESS_KEY_ID"]
        self._events, self._answers, self._turn = queue.Queue(), queue.Queue(), threading.Lock()
        self._api = _Api(("127.0.0.1", 0), _handler_for(self))
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        env = dict(env, AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{self._api.server_port}", LAMBDA_TASK_ROOT=str(task_root))
        self._process = subprocess.Popen(
            command, env=env, cwd=task_root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._keep_lines, daemon=True).start()

    def invoke(self, request_id, payload):
        """Hands the payload to the process and waits for what it answers."""
        with self._turn:
            self._events.put((request_id, payload))
            deadline = time.monotonic() + self.limit_seconds
            while time.monotonic() < deadline:
                try:
                    return self._answers.get(timeout=0.1)
                except queue.Empty:
                    if self._process.poll() is not None:
                        return Answer("exit", f"bootstrap ended with status {self._process.returncode}")
            self.close()
            return Answer("time-out", f"no answer in {self.limit_seconds} s")

    def close(self):
        self.kill()
        self._api.shutdown()

    def kill(self):
        """Ends the process at once, as SIGKILL does."""
        self._process.kill()
        self._process.wait()

    def alive(self):
        return self._process.poll() is None

    def next_event(self):
        return self._events.get()

    def answered(self, kind, body):
        self._answers.put(Answer(kind, body))

    def _keep_lines(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A process that is ended drops its connection; that is no news."""


def _handler_for(sandbox):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without these two every call waits about 45 ms for a delayed acknowledgement.
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self):
            if self.path != f"{PREFIX}/invocation/next":
                return self._reply(404, b"{}")
            request_id, payload = sandbox.next_event()
            deadline = int((time.time() + sandbox.limit_seconds) * 1000)
            self._reply(200, payload, {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": sandbox.function_arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            })

        def do_POST(self):
            body = self._body().decode("utf-8", "replace")
            kinds = {"response": "response", "error": "error"}
            kind = "init-error" if self.path == f"{PREFIX}/init/error" else kinds.get(self.path.rsplit("/", 1)[-1])
            if kind is None:
                return self._reply(404, b"{}")
            sandbox.answered(kind, body)
            self._reply(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

        def _body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)

        def _reply(self, status, body, headers=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    return Handler
