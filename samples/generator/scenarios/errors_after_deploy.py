"""A deployment breaks a function."""

from generator.clock import at
from generator.containers import LogStream, json_lines, s3_files, zipped
from generator.dice import Dice
from generator.functions import Function
from generator.identities import pipeline
from generator.trail import Trail

ACCOUNT = "111122223333"
DAY = "2026-10-14"


def files():
    """The log group as subscription payloads, and the trail as files in S3."""
    dice = Dice("errors-after-deploy")
    return {"checkout-api.jsonl.gz": zipped(json_lines(invocations(dice)))} | deployment(dice)


def invocations(dice):
    """Forty invocations in ten minutes: one in a hundred fails, and three in ten from 14:05 until 14:20."""
    function = Function(dice, "checkout-api", 512)
    out = []
    for hour in range(7, 15):
        stream = LogStream(dice, ACCOUNT, "/aws/lambda/checkout-api", function.stream(DAY))
        batch = []
        for i, second in enumerate(dice.times(at(DAY, f"{hour:02d}:00"), 3600, 240)):
            broken = at(DAY, "14:05") <= second < at(DAY, "14:20")
            ms, took = second * 1000 + dice.below(1000), 38 + dice.below(14000) / 100
            if i % 10 in (1, 4, 8) if broken else i % 100 == 57:
                batch += function.failing(ms, took / 3)
            else:
                batch += function.text(ms, took, lines=["[INFO]\t{time}\t{request}\torder accepted\n"])
            if len(batch) >= 200:
                out.append(stream.payload(batch))
                batch = []
        out.append(stream.payload(batch))
    return out


def deployment(dice):
    """The pipeline, which looked at the function before and after."""
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    who = pipeline(ACCOUNT, "shop-release", "release-2118", at(DAY, "14:01:20"))
    source, function = ("198.51.100.140", "cli"), "checkout-api"
    code = {"functionName": function, "s3Bucket": "shop-artifacts", "s3Key": "checkout-api/2118.zip", "publish": True, "dryRun": False}
    steps = [
        ("14:01:31", "lambda:GetFunction20150331v2", {"functionName": function}),
        ("14:02:08", "lambda:UpdateFunctionCode20150331v2", code),
        ("14:02:41", "lambda:GetFunctionConfiguration20150331v2", {"functionName": function}),
        ("14:04:55", "lambda:UpdateAlias20150331", {"functionName": function, "name": "live", "functionVersion": "87"}),
        ("14:19:42", "lambda:UpdateAlias20150331", {"functionName": function, "name": "live", "functionVersion": "86"}),
    ]
    return s3_files(dice, [trail.call(at(DAY, t), who, api, source, request=request) for t, api, request in steps], 30)
