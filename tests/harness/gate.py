"""What every request to the stand-in passes: it is recorded, refused when told to, and kept from racing."""

import io
import json
import re
import threading
from urllib.parse import parse_qs

from cbor_bridge import OPERATION

# The keys of the calls that the function makes, one for each of its sandboxes; the tests' own calls use another one.
FUNCTION_KEY = "AKIAFUNCTION{:08}"
FUNCTION_KEYS = re.compile(r"AKIAFUNCTION\d{8}")


class Gate:
    """A WSGI layer round moto."""

    def __init__(self, app, killer):
        self.app, self._killer = app, killer
        self.calls = []
        self.broken = set()
        # moto loses concurrent DynamoDB updates. Only DynamoDB is locked: put_log_events waits for the function,
        # which calls back, so a lock round everything would never open.
        self._dynamodb = threading.Lock()

    def __call__(self, environ, start_response):
        action, resource = _action(environ)
        if key := FUNCTION_KEYS.search(environ.get("HTTP_AUTHORIZATION", "")):
            self.calls.append({"action": action, "resource": resource})
            if action in self.broken:
                body = b"<ErrorResponse><Error><Code>InternalError</Code><Message>broken</Message></Error></ErrorResponse>"
                start_response("500 Internal Server Error", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
                return [body]
            if dying := self._killer.at_call(key[0], action):
                return self._last_call(dying, environ, start_response)
        return self._answer(environ, start_response)

    def _last_call(self, dying, environ, start_response):
        """The sandbox dies of it, before or after it is done: either way it hears no answer."""
        sandbox, done = dying
        answer = list(self._answer(environ, start_response)) if done else []
        sandbox.kill()
        if not done:
            start_response("500 Internal Server Error", [("Content-Length", "0")])
        return answer

    def _answer(self, environ, start_response):
        if "DynamoDB_2012" in environ.get("HTTP_X_AMZ_TARGET", ""):
            with self._dynamodb:
                return list(self.app(environ, start_response))
        return self.app(environ, start_response)


def _action(environ):
    """The API's name and the resource that it names, where the protocol shows them without the service's model."""
    if match := OPERATION.match(environ["PATH_INFO"]):
        return match[2], ""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        table = json.loads(_body(environ)).get("TableName", "") if "DynamoDB_2012" in target else ""
        return target.rsplit(".", 1)[-1], table
    if "x-www-form-urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", ""
    form = parse_qs(_body(environ).decode("utf-8", "replace"))
    arn = next((value[0] for name, value in form.items() if re.search(r"Arn$", name)), "")
    return form.get("Action", [""])[0], arn


def _body(environ):
    """What the request says; it can be read once more afterwards."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
