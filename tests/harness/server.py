"""AWS for the end-to-end tests: a moto server on a free loopback port whose Lambda functions run our real binary.

    python server.py --bootstrap target/debug/bootstrap

The first line on standard output is {"port": N}. After that each line on standard input is a call,

    {"service": "sqs", "operation": "receive_message", "args": {"QueueUrl": "…"}}

made with boto3 against this server, and answered by one line, {"ok": …} or {"error": "…"}. Bytes are written
{"base64": "…"} both ways. The service `harness` is this program itself: see `Harness`. It ends with its standard input.
"""

import argparse
import base64
import datetime
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import moto.awslambda.models as lambda_models
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import template
from cbor_bridge import bridge
from faults import BadLine
from functions import Functions
from gate import Gate
from killing import work_off
from races import race


class Harness:
    """What the tests may ask of the stand-in beyond AWS's own APIs."""

    def __init__(self, gate, functions):
        self._gate, self._functions, self._line = gate, functions, None

    def break_action(self, action):
        """From now on the function's calls of that API are answered 500."""
        self._gate.broken.add(action)

    def mend(self):
        """Nothing is broken any more."""
        self._gate.broken.clear()

    def calls(self):
        """Every call that the function made: action and resource."""
        return self._gate.calls

    def invocations(self):
        """What came of every invocation, in order."""
        return self._functions.invocations

    def retry(self):
        """Delivers the last failed event again."""
        return self._functions.retry()._asdict()

    def role(self):
        """What the template lets the function do."""
        return template.role_statements()

    def variables(self):
        """The environment variables that the template sets."""
        return template.variables()

    def package(self, files):
        """The code of a function, from names and texts."""
        return self._functions.package(files)

    def lines(self):
        """What the function logged."""
        return self._functions.lines()

    def replace(self):
        """The function's next event meets a fresh instance."""
        self._functions.replace()

    def at_once(self, function, payloads):
        """Invokes the function with all of these at the same time, and again with each that fails, two times at most as
        AWS does: what each answered, how many invocations failed, and how many instances ran."""
        client = boto3.client("lambda", endpoint_url=self._functions.endpoint, region_name="eu-west-1")

        def deliver(payload):
            for failed in range(3):
                answer = client.invoke(FunctionName=function, Payload=payload)
                if "FunctionError" not in answer:
                    break
            return json.loads(answer["Payload"].read()), failed

        with ThreadPoolExecutor(len(payloads)) as pool:
            answers, failed = zip(*pool.map(deliver, payloads))
        return {"answers": answers, "failed": sum(failed), "instances": self._functions.started()}

    def work_off(self, function, payloads, seed):
        """Feeds eight instances at a time from a queue of these payloads, and kills some of them while they work."""
        return work_off(self._functions, function, payloads, seed)

    def race(self, table, writers, rounds):
        """What the stand-in's own DynamoDB keeps of many writers."""
        return race(self._functions.endpoint, table, writers, rounds)

    def bad_line(self, share, seed):
        """The port of a line to this server on which this share of the requests goes wrong. From now on the function's
        new instances reach their table by it."""
        self._line = BadLine(self._functions.port, share, seed)
        self._functions.table_port = self._line.port
        return self._line.port

    def fates(self):
        """How many requests met which fate on that line."""
        return dict(self._line.fates)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bootstrap", required=True)
    functions = Functions(arguments.parse_args().bootstrap)
    gate = Gate(bridge(DomainDispatcherApplication(create_backend_app)), functions.killer)
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=_Quiet)
    functions.port = server.server_port
    lambda_models.LambdaFunction.invoke = _invoke_with(functions)
    lambda_models.LambdaBackend.send_log_event = _send_with_text_ids(lambda_models.LambdaBackend.send_log_event)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    try:
        answer_calls(Harness(gate, functions), functions.endpoint)
    finally:
        functions.close()


def answer_calls(harness, endpoint):
    clients = {"harness": harness}
    os.environ.update(AWS_ACCESS_KEY_ID="AKIATEST000000000000", AWS_SECRET_ACCESS_KEY="secret")
    for line in sys.stdin:
        try:
            call = json.loads(line, object_hook=_bytes_in)
            service = call["service"]
            if service not in clients:
                clients[service] = boto3.client(service, endpoint_url=endpoint, region_name="eu-west-1")
            answer = {"ok": getattr(clients[service], call["operation"])(**call.get("args", {}))}
        except Exception as error:  # the test decides what an error means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=_plain), flush=True)


class _Quiet(MotoRequestHandler):
    disable_nagle_algorithm = True

    def log(self, *_):
        pass


def _invoke_with(functions):
    def invoke(self, body, request_headers, response_headers):
        answer = functions.invoke(self, body)
        if answer.kind != "response":
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.body

    return invoke


def _send_with_text_ids(send):
    """moto numbers log events with integers; CloudWatch Logs sends a text of 56 digits."""

    def send_log_event(self, function_arn, filter_name, log_group_name, log_stream_name, log_events):
        log_events = [dict(event, id=f"{event['id']:056d}") for event in log_events]
        send(self, function_arn, filter_name, log_group_name, log_stream_name, log_events)

    return send_log_event


def _bytes_in(value):
    return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value


def _plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return str(value.read(), "utf-8", "replace") if hasattr(value, "read") else str(value)


if __name__ == "__main__":
    main()
