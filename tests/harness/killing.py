"""Sandboxes that die in the middle of an invocation, and a queue whose payloads survive them."""

import queue
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import boto3
from botocore.config import Config

# Of the payloads that come for the first time so many meet a sandbox that dies, in a hundred.
DOOMED = 40
# It dies at one of so many first calls to AWS, or when it sends its first alert; an invocation that makes fewer calls,
# or has none to send, lives.
CALLS = 24
# A payload that fails more often than this would never get through.
TRIES = 10


class Death(NamedTuple):
    """At which call of the invocation, of those of an API or of all, and whether that call still has its effect."""

    call: int
    action: str
    done: bool


class Killer:
    """Ends the sandbox that has a doomed payload, at the call that was chosen; each by its own process id."""

    def __init__(self):
        self.killed = 0
        self._doomed, self._armed, self._lock = {}, {}, threading.Lock()

    def doom(self, payload, death):
        """The next sandbox that gets this payload dies of it."""
        with self._lock:
            self._doomed[payload] = death

    def begins(self, sandbox, payload):
        """A sandbox has got a payload."""
        with self._lock:
            if death := self._doomed.pop(payload, None):
                self._armed[sandbox.key] = [sandbox, death, 0]

    def ends(self, sandbox):
        """It has answered, or is dead."""
        with self._lock:
            self._armed.pop(sandbox.key, None)

    def at_call(self, key, action):
        """The sandbox that must die at this call of the one with that key, and whether the call is done before."""
        with self._lock:
            if key not in self._armed:
                return None
            armed = self._armed[key]
            sandbox, death, _ = armed
            armed[2] += death.action in ("", action)
            if armed[2] != death.call:
                return None
            self.killed += 1
            del self._armed[key]
            return sandbox, death.done


def work_off(functions, function, payloads, seed):
    """Eight at a time take payloads from one queue until it is empty; one that failed goes back into it, as AWS would
    bring it again: {"killed", "failed", "instances"}."""
    config = Config(max_pool_connections=8, read_timeout=120, retries={"total_max_attempts": 1})
    client = boto3.client("lambda", endpoint_url=functions.endpoint, region_name="eu-west-1", config=config)
    waiting, failed = queue.Queue(), Counter()
    for number, payload in enumerate(payloads):
        dice = random.Random(f"{seed} {number}")
        if dice.randrange(100) < DOOMED:
            call, done = dice.randint(1, CALLS), dice.random() < 0.5
            death = Death(1, "Publish", done) if dice.random() < 0.5 else Death(call, "", done)
            functions.killer.doom(payload.encode(), death)
        waiting.put(payload)

    def work(_):
        while True:
            try:
                payload = waiting.get_nowait()
            except queue.Empty:
                return
            if "FunctionError" in client.invoke(FunctionName=function, Payload=payload):
                failed[payload] += 1
                if failed[payload] > TRIES:
                    raise RuntimeError(f"a payload failed {failed[payload]} times")
                waiting.put(payload)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    return {"killed": functions.killer.killed, "failed": failed.total(), "instances": functions.started()}
