"""Three functions fail, each in its own way, and a fourth has one bad moment."""

from generator.clock import at
from generator.containers import LogStream, dump, json_lines
from generator.dice import Dice
from generator.functions import Function

ACCOUNT = "111122223333"
DAY = "2026-10-15"
KILLED = [
    "RequestId: {request} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
]


def files():
    """One file of payloads for each log group; the last is a single payload."""
    dice = Dice("timeout-storm")
    return {
        "image-resizer.jsonl": json_lines(image_resizer(dice)).encode(),
        "report-builder.jsonl": json_lines(report_builder(dice)).encode(),
        "geo-lookup.jsonl": json_lines(geo_lookup(dice)).encode(),
        "order-sync.json": (dump(order_sync(dice)) + "\n").encode(),
    }


def storm(function, usual, failing):
    """Payloads of an hour: an invocation every four minutes, and the failing ones of some minutes after 11:04."""
    stream = LogStream(function.dice, ACCOUNT, f"/aws/lambda/{function.name}", function.stream(DAY))
    runs = [(second, usual) for second in function.dice.times(at(DAY, "10:20"), 3600, 15)]
    runs += [(second, failing) for second in function.dice.times(at(DAY, "11:04:20"), 480, 14)]
    runs = [how(second * 1000 + function.dice.below(1000)) for second, how in sorted(runs, key=lambda run: run[0])]
    return [stream.payload(sum(runs[i : i + 8], [])) for i in range(0, len(runs), 8)]


def image_resizer(dice):
    """Text format; REPORT says `Status: timeout`."""
    f = Function(dice, "image-resizer", 1024)
    late = ["{time} {request} Task timed out after 30.00 seconds\n\n"]
    return storm(f, lambda ms: f.text(ms, 812.4 + dice.below(900)), lambda ms: f.text(ms, 30000, lines=late, status="timeout"))


def report_builder(dice):
    """Text format of an older kind: REPORT has no status, only all of the memory used."""
    f = Function(dice, "report-builder", 256)
    return storm(f, lambda ms: f.text(ms, 2411.7 + dice.below(900)), lambda ms: f.text(ms, 5118.21, lines=KILLED, used=256))


def geo_lookup(dice):
    """JSON format; the init fails, and Lambda tries it again within the invocation."""
    f = Function(dice, "geo-lookup", 256)
    return storm(f, lambda ms: f.json(ms, 21.318 + dice.below(9)), f.init_failure)


def order_sync(dice):
    """JSON format; one timeout among invocations that work."""
    f = Function(dice, "order-sync", 512)
    lines = []
    for i, second in enumerate(dice.times(at(DAY, "10:30"), 3600, 20)):
        ms = second * 1000 + dice.below(1000)
        if i == 13:
            lines += f.json(ms, 15000.0, status="timeout")
        else:
            lines += f.json(ms, 344.07 + dice.below(200), lines=[{"level": "INFO", "message": "synced 25 orders", "logger": "root"}])
    return LogStream(dice, ACCOUNT, "/aws/lambda/order-sync", f.stream(DAY)).payload(lines)
