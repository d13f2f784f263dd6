"""A function loses a right, another leaks memory after a deployment, and a third warms up."""

from generator.clock import at
from generator.containers import LogStream, json_lines, s3_files, zipped
from generator.dice import Dice
from generator.functions import Function
from generator.identities import pipeline, role, sso_person
from generator.trail import Trail

ACCOUNT = "111122223333"
DAY = "2026-10-22"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/5f0b8c1e-2d47-4c63-9a1e-7d2f90b6c4a8"
MAILER = f"arn:aws:sts::{ACCOUNT}:assumed-role/invoice-mailer-role/invoice-mailer"
REFUSED = (
    "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the Decrypt operation: "
    f"User: {MAILER} is not authorized to perform: kms:Decrypt on resource: {KEY} "
    "because no identity-based policy allows the kms:Decrypt action\r"
    "Traceback (most recent call last):\r\xa0\xa0File \"/var/task/mail.py\", line 33, in handler\r"
    "\xa0\xa0\xa0\xa0secret = unseal(event)\n"
)


def files():
    """A file of subscription payloads for each log group, and the trail as files in S3."""
    dice = Dice("rights-and-leak")
    logs = {
        "invoice-mailer.jsonl.gz": invoice_mailer(dice),
        "thumbnail-maker.jsonl.gz": leaking(dice, "thumbnail-maker", range(9, 15), leaks_after="13:02"),
        "catalog-export.jsonl.gz": leaking(dice, "catalog-export", range(13, 15)),
    }
    return {name: zipped(json_lines(payloads)) for name, payloads in logs.items()} | changes(dice)


def invoice_mailer(dice):
    """An invocation a minute; from 13:31 until 13:50 it may not open the sealed address any more."""
    function = Function(dice, "invoice-mailer", 256)
    out = []
    for hour in range(12, 15):
        stream = LogStream(dice, ACCOUNT, "/aws/lambda/invoice-mailer", function.stream(DAY))
        lines = []
        for second in dice.times(at(DAY, f"{hour:02d}:00"), 3600, 60):
            refused = at(DAY, "13:31") <= second < at(DAY, "13:50")
            ms, took = second * 1000 + dice.below(1000), 210 + dice.below(9000) / 100
            said = [REFUSED] if refused else ["[INFO]\t{time}\t{request}\tmail sent\n"]
            lines += function.text(ms, took, lines=said)
        out += stream.payloads(lines, 240)
    return out


def leaking(dice, name, hours, leaks_after=None):
    """Sixty invocations an hour in one sandbox; memory rises within an hour until caches are full, or for ever."""
    function = Function(dice, name, 512)
    stream = LogStream(dice, ACCOUNT, f"/aws/lambda/{name}", function.stream(DAY))
    out, runs, used = [], 0, 140
    for hour in hours:
        lines = []
        for second in dice.times(at(DAY, f"{hour:02d}:00"), 3600, 60):
            leaks = leaks_after is not None and second >= at(DAY, leaks_after)
            if leaks and runs >= 0:  # the deployment: a new sandbox, and a new log stream
                out += stream.payloads(lines, 240)
                stream, lines, runs, used = LogStream(dice, ACCOUNT, f"/aws/lambda/{name}", function.stream(DAY)), [], -1, 140
            used = used + 3 if leaks else 140 + min(runs, 25) * 3 + dice.below(3)
            runs += 0 if leaks else 1
            ms, took = second * 1000 + dice.below(1000), 340 + dice.below(6000) / 100
            lines += function.text(ms, took, used=used)
        out += stream.payloads(lines, 240)
    return out


def changes(dice):
    """The release of a pipeline, the policy that somebody tidied away, and the calls that were refused for it."""
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    release = pipeline(ACCOUNT, "shop-release", "release-2204", at(DAY, "13:00:12"))
    person = sso_person(ACCOUNT, "PlatformAdmin", "ann@example.com", at(DAY, "13:05:40"))
    mailer = role(ACCOUNT, "invoice-mailer-role", "invoice-mailer", at(DAY, "06:58:03"))
    code = {"functionName": "thumbnail-maker", "s3Bucket": "shop-artifacts", "s3Key": "thumbnail-maker/2204.zip", "publish": False, "dryRun": False}
    policy = {"roleName": "invoice-mailer-role", "policyName": "unseal-addresses"}
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"%s"}]}' % KEY
    pipe, home = ("198.51.100.140", "cli"), ("192.0.2.44", "browser")
    records = [
        trail.call(at(DAY, "13:01:02"), release, "lambda:UpdateFunctionCode20150331v2", pipe, request=code),
        trail.call(at(DAY, "13:22:10"), person, "iam:ListRolePolicies", home, request={"roleName": policy["roleName"]}, region="us-east-1"),
        trail.call(at(DAY, "13:30:18"), person, "iam:DeleteRolePolicy", home, request=policy, region="us-east-1"),
        trail.call(at(DAY, "13:49:31"), person, "iam:PutRolePolicy", home, request=policy | {"policyDocument": document}, region="us-east-1"),
    ]
    for second in dice.times(at(DAY, "13:31"), 1140, 19):
        records.append(trail.denied(second, mailer, "kms:Decrypt", ("203.0.113.17", "boto"), resource=KEY))
    return s3_files(dice, records, 30)
