"""The log lines of Lambda functions, as text and as JSON, in (milliseconds, message)."""

from generator.clock import show
from generator.containers import dump

PYTHON_ARN = "arn:aws:lambda:eu-west-1::runtime:8b1a5c3d7e9f2a4b6c8d0e1f3a5b7c9d1e3f5a7b9c1d3e5f7a9b1c3d5e7f9a1b"
KEY_ERROR = (
    "[ERROR] KeyError: 'vat_rate'\n"
    "Traceback (most recent call last):\n"
    "\xa0\xa0File \"/var/task/app.py\", line 61, in handler\n"
    "\xa0\xa0\xa0\xa0total = price(order)\n"
    "\xa0\xa0File \"/var/task/pricing.py\", line 24, in price\n"
    "\xa0\xa0\xa0\xa0rate = order[\"country\"][\"vat_rate\"]"
)


def iso(ms):
    """The time as Lambda writes it, with milliseconds."""
    return show(ms // 1000, "%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


class Function:
    """A function and its memory size in MB; writes the lines of one invocation after another."""

    def __init__(self, dice, name, memory):
        self.dice, self.name, self.memory = dice, name, memory

    def stream(self, day):
        """The name of a log stream."""
        return f"{day.replace('-', '/')}/[$LATEST]{self.dice.hex(32)}"

    def text(self, ms, duration, **how):
        """An invocation in the text format: `status` and `error_type` of REPORT, `lines` of the application, `used` MB."""
        request = self.dice.uuid()
        end = ms + int(duration) + 1
        out = [(ms, f"START RequestId: {request} Version: $LATEST\n")]
        out += [(end - 1, line.replace("{request}", request).replace("{time}", iso(end - 1))) for line in how.get("lines", [])]
        used = how.get("used", self.memory * 2 // 5 + self.dice.below(9))
        report = f"REPORT RequestId: {request}\tDuration: {duration:.2f} ms\tBilled Duration: {-int(-duration // 1)} ms\t"
        report += f"Memory Size: {self.memory} MB\tMax Memory Used: {used} MB\t"
        if "init" in how:
            out.insert(0, (ms - int(how["init"]), f"INIT_START Runtime Version: python:3.13.v64\tRuntime Version ARN: {PYTHON_ARN}\n"))
            report += f"Init Duration: {how['init']:.2f} ms\t"
        if "status" in how:
            report += f"Status: {how['status']}" + (f"\tError Type: {how['error_type']}" if "error_type" in how else "")
        return out + [(end, f"END RequestId: {request}\n"), (end, report + "\n")]

    def failing(self, ms, duration):
        """An invocation in the text format whose handler raises a KeyError. Python names no request id in that line."""
        return self.text(ms, duration, lines=[KEY_ERROR.replace("\n", "\r") + "\n"])

    def json(self, ms, duration, **how):
        """An invocation in the JSON format: `status` and `error_type` of `platform.report`, `lines` of the application."""
        request = self.dice.uuid()
        end = ms + int(duration) + 1
        status = how.get("status", "success")
        metrics = {
            "durationMs": round(duration, 3),
            "billedDurationMs": -int(-duration // 1),
            "memorySizeMB": self.memory,
            "maxMemoryUsedMB": self.memory * 2 // 5 + self.dice.below(9),
        }
        report = {"requestId": request, "metrics": metrics, "status": status}
        done = {"requestId": request, "status": status, "metrics": {"durationMs": round(duration, 3), "producedBytes": 0}}
        if "error_type" in how:
            report["errorType"] = done["errorType"] = how["error_type"]
        out = [platform(ms, "platform.start", {"requestId": request, "version": "$LATEST"})]
        out += [(end - 1, dump(line | {"requestId": request, "timestamp": iso(end - 1)})) for line in how.get("lines", [])]
        if status != "success":  # at the default level the platform leaves it out for a success
            out.append(platform(end, "platform.runtimeDone", done))
        return out + [platform(end, "platform.report", report)]

    def init_failure(self, ms):
        """An invocation in the JSON format that dies while its module is imported, twice: Lambda tries the init again."""
        message = "Unable to import module 'app': No module named 'shapely'"
        line = {"timestamp": iso(ms + 310), "level": "ERROR", "errorMessage": message, "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}
        out = []
        for phase, start in (("init", ms), ("invoke", ms + 420)):
            begin = {"initializationType": "on-demand", "phase": phase, "runtimeVersion": "python:3.13.v64", "runtimeVersionArn": PYTHON_ARN, "functionName": self.name, "functionVersion": "$LATEST"}
            failed = {"initializationType": "on-demand", "phase": phase, "status": "error", "errorType": "Runtime.ImportModuleError"}
            out.append(platform(start, "platform.initStart", begin))
            out.append((start + 310, dump(line)))
            out.append(platform(start + 330, "platform.initReport", failed | {"metrics": {"durationMs": 329.417}}))
        one = self.json(ms + 400, 365.2 + self.dice.below(90) / 10, status="error", error_type="Runtime.ImportModuleError")
        return out[:3] + one[:1] + out[3:] + one[1:]


def platform(ms, kind, record):
    """A line of the platform in the JSON format."""
    return ms, dump({"time": iso(ms), "type": kind, "record": record})
