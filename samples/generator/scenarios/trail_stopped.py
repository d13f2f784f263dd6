"""Somebody signs in without a second factor and stops the trail."""

from generator.clock import at
from generator.containers import LogStream, json_lines, trail_lines
from generator.dice import Dice
from generator.identities import iam_user, role, root, sso_person
from generator.trail import Trail, signing_in

ACCOUNT = "444455556666"
DAY = "2026-10-20"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/all-regions"


def files():
    """One subscription payload a line, as the log group of the trail delivers them."""
    dice = Dice("trail-stopped")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = sorted(quiet(dice, trail) + loud(trail), key=lambda r: r["eventTime"])
    stream = LogStream(dice, ACCOUNT, "organization-trail", f"{ACCOUNT}_CloudTrail_eu-west-1")
    return {"payloads.jsonl": json_lines(stream.payloads(trail_lines(calls), 16)).encode()}


def loud(trail):
    """Root at work, then an IAM user with nothing but a password, who goes for the trail."""
    began = at(DAY, "07:40:26")
    boss, browser = root(ACCOUNT, began), ("192.0.2.61", "browser")
    ops, ops_source = iam_user(ACCOUNT, "ops.legacy"), ("203.0.113.150", "cli")
    named = {"request": {"name": TRAIL}}
    return [
        trail.login(began, signing_in(boss), "192.0.2.61", ok=True, mfa="Yes") | {"awsRegion": "us-east-1"},
        trail.call(at(DAY, "07:41:03"), boss, "iam:GetAccountSummary", browser, region="us-east-1"),
        trail.call(at(DAY, "07:43:37"), boss, "iam:ListMFADevices", browser, region="us-east-1", request={}),
        trail.call(at(DAY, "07:46:18"), boss, "account:GetContactInformation", browser, region="us-east-1", request={}),
        trail.login(at(DAY, "08:02:44"), signing_in(ops), "203.0.113.150", ok=True, mfa="No"),
        trail.denied(at(DAY, "08:09:12"), ops, "cloudtrail:DeleteTrail", ops_source, resource=TRAIL, **named),
        trail.call(at(DAY, "08:11:30"), ops, "cloudtrail:StopLogging", ops_source, **named),
    ]


def quiet(dice, trail):
    """An auditor's job reads the state of the trail, and a person signs in through Identity Center."""
    auditor = role(ACCOUNT, "audit-reader", "posture-check", at(DAY, "06:00:01"))
    out = []
    for hour in range(6, 10):
        start = at(DAY, f"{hour:02d}:30")
        for i, (api, request) in enumerate(
            (
                ("cloudtrail:DescribeTrails", {"includeShadowTrails": False}),
                ("cloudtrail:GetTrailStatus", {"name": TRAIL}),
                ("cloudtrail:GetEventSelectors", {"trailName": TRAIL}),
                ("config:DescribeConfigurationRecorders", None),
            )
        ):
            out.append(trail.call(start + 3 * i, auditor, api, ("198.51.100.90", "boto"), request=request))
    began = at(DAY, "08:20:15")
    person = sso_person(ACCOUNT, "Operator", "noor.dekker@example.com", began)
    out.append(trail.login(began, {k: v for k, v in person.items() if k != "accessKeyId"}, "198.51.100.23", ok=True, mfa="No"))
    for time in dice.times(at(DAY, "08:21"), 1200, 9):
        out.append(trail.call(time, person, "monitoring:DescribeAlarms", ("198.51.100.23", "browser"), request={}))
    return out
