"""Lambda functions of the stand-in run for real, in sandboxes with our own `bootstrap` in them."""

import io
import os
import shutil
import tempfile
import threading
import uuid
import zipfile
from pathlib import Path

from gate import FUNCTION_KEY
from killing import Killer
from runtime_api import Sandbox


class Functions:
    """The sandboxes, and what came of every invocation. As on AWS one is started where none is idle."""

    def __init__(self, bootstrap):
        self.bootstrap = Path(bootstrap).resolve()
        self.port = self.table_port = 0
        self.killer = Killer()
        self.invocations = []
        self._sandboxes, self._idle = [], {}
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="lapwing-harness-")

    @property
    def endpoint(self):
        """Where the functions find AWS."""
        return f"http://127.0.0.1:{self.port}"

    def invoke(self, function, payload):
        """Runs one event; the answer is kept with the payload, as the platform keeps it for a retry."""
        return self._run(function, str(uuid.uuid4()), payload.encode() if isinstance(payload, str) else payload)

    def retry(self):
        """Delivers the last failed event again under its request id, as Lambda does after one and two minutes."""
        function, request_id, payload = self._failed
        return self._run(function, request_id, payload)

    def lines(self):
        """What the functions wrote to standard output and standard error."""
        return [line for sandbox in self._sandboxes for line in sandbox.lines]

    def replace(self):
        """Ends all sandboxes that are idle: the next event meets a fresh one."""
        with self._lock:
            for sandbox in [sandbox for idle in self._idle.values() for sandbox in idle]:
                sandbox.close()
            self._idle.clear()

    def started(self):
        """How many sandboxes were started so far."""
        return len(self._sandboxes)

    @staticmethod
    def package(files):
        """A zip file as it is uploaded for a function; of names and texts. The binary is put beside what is in it."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as code:
            for name, text in files.items():
                code.writestr(name, text)
        return package.getvalue()

    def close(self):
        for sandbox in self._sandboxes:
            sandbox.close()
        self._folder.cleanup()

    def _run(self, function, request_id, payload):
        sandbox = self._take(function)
        self.killer.begins(sandbox, payload)
        answer = sandbox.invoke(request_id, payload)
        self.killer.ends(sandbox)
        with self._lock:
            self._idle[function.function_name].append(sandbox)
        self.invocations.append({"function": function.function_name, "kind": answer.kind, "body": answer.body})
        if answer.kind != "response":
            self._failed = (function, request_id, payload)
        return answer

    def _take(self, function):
        with self._lock:
            idle = self._idle.setdefault(function.function_name, [])
            while idle:
                if (sandbox := idle.pop()).alive():
                    return sandbox
            sandbox = self._start(function)
            self._sandboxes.append(sandbox)
            return sandbox

    def _start(self, function):
        root = Path(tempfile.mkdtemp(dir=self._folder.name))
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as code:
            code.extractall(root)
        _place(self.bootstrap, root / "bootstrap")
        command = [str(root / "bootstrap")]
        key = FUNCTION_KEY.format(len(self._sandboxes))
        environment = self._environment(function, key)
        return Sandbox(command, environment, root, function.function_arn, function.timeout)

    def _environment(self, function, key):
        name = function.function_name
        return {
            **(function.environment_vars or {}),
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{self.table_port or self.port}",
            "AWS_REGION": function.region,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/01/01/[$LATEST]{uuid.uuid4().hex}",
        }


def _place(bootstrap, path):
    """The binary beside the unpacked code; linked where the file system can, because a debug build is large."""
    try:
        os.link(bootstrap, path)
    except OSError:
        shutil.copy2(bootstrap, path)
