"""A day of ordinary work, and one job that does far too much of it."""

from generator.clock import at
from generator.containers import LogStream, json_lines, s3_files, zipped
from generator.dice import Dice
from generator.functions import Function
from generator.identities import iam_user, instance, linked_role, pipeline, role, sso_person
from generator.trail import Trail

ACCOUNT = "111122223333"
DAY = "2026-10-27"
PEOPLE = [
    ("Developer", "ada.moreau"),
    ("Developer", "ben.arada"),
    ("Developer", "chiara.rossi"),
    ("Developer", "dmitri.volkov"),
    ("Operator", "noor.dekker"),
    ("Operator", "soren.holm"),
    ("ReadOnly", "emre.yilmaz"),
]
LOOKING = [
    "ec2:DescribeInstances",
    "monitoring:DescribeAlarms",
    "logs:DescribeLogGroups",
    "logs:StartQuery",
    "lambda:ListFunctions20150331",
    "s3:ListBuckets",
    "rds:DescribeDBInstances",
    "cloudformation:DescribeStacks",
]
RELEASING = ["ecr:GetAuthorizationToken", "ecs:DescribeServices", "ecs:RegisterTaskDefinition", "ecs:UpdateService", "ecs:DescribeTasks"]


def files():
    """The trail as files in S3, and the log groups of four functions as subscription payloads."""
    dice = Dice("mixed-day")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = people(dice, trail) + keys(dice, trail) + pipelines(dice, trail)
    calls += instances(dice, trail) + function_roles(dice, trail) + jobs(dice, trail) + etl(dice, trail)
    return s3_files(dice, calls, 180) | functions(dice)


def people(dice, trail):
    """Seven people behind Identity Center, in office hours."""
    out = []
    for i, (permission_set, name) in enumerate(PEOPLE):
        began = at(DAY, f"0{dice.between(6, 8)}:{dice.between(10, 50)}")
        who = sso_person(ACCOUNT, permission_set, f"{name}@example.com", began)
        source = (f"198.51.100.{20 + i}", "browser" if i % 2 else "cli")
        signed_in = {k: v for k, v in who.items() if k != "accessKeyId"}
        out.append(trail.login(began, signed_in, source[0], ok=True, mfa="No"))
        for hour in range(9, 17):
            for time in dice.times(at(DAY, f"{hour:02d}:00"), 3600, dice.between(3, 8)):
                out.append(trail.call(time, who, dice.pick(LOOKING), source, request={}))
    return out


def keys(dice, trail):
    """Three IAM users with access keys: a monitor, a backup and a person."""
    out = []
    for i, (name, api) in enumerate((("grafana", "monitoring:GetMetricData"), ("offsite-backup", "s3:ListBuckets"), ("j.okafor", "sts:GetCallerIdentity"))):
        for hour in range(24) if i < 2 else range(8, 15):
            for time in dice.times(at(DAY, f"{hour:02d}:00"), 3600, 6 - 2 * i):
                out.append(trail.call(time, iam_user(ACCOUNT, name), api, (f"192.0.2.{30 + i}", "boto"), request={}))
    return out


def pipelines(dice, trail):
    """Four pipelines that take their role over OpenID Connect, each of them some times a day."""
    out = []
    for i, name in enumerate(("shop-release", "search-release", "mail-release", "docs-release")):
        for run in range(5):
            start = at(DAY, f"{8 + 2 * run:02d}:{5 + 11 * i:02d}")
            who = pipeline(ACCOUNT, name, f"run-{900 + 10 * run + i}", start - 7)
            for j, api in enumerate(RELEASING * 2):
                request = {"cluster": "prod", "service": name.removesuffix("-release")}
                out.append(trail.call(start + 13 * j + dice.below(13), who, api, ("198.51.100.140", "cli"), request=request))
    return out


def instances(dice, trail):
    """Four roles of instances: the agent reports every half hour, from three instances for each role."""
    out = []
    for i, name in enumerate(("web-fleet", "search-fleet", "queue-worker", "bastion")):
        ids = ["i-0" + dice.hex(16) for _ in range(3)]
        for hour in range(24):
            for instance_id in ids:
                for time in dice.times(at(DAY, f"{hour:02d}:00"), 3600, 2):
                    who = instance(ACCOUNT, name, instance_id, at(DAY, f"{hour // 6 * 6:02d}:00"))
                    request = {"instanceId": instance_id, "agentVersion": "3.3.2656.0", "agentStatus": "Active", "platformType": "Linux"}
                    out.append(trail.call(time, who, "ssm:UpdateInstanceInformation", (f"192.0.2.{60 + i}", "ssm"), request=request))
    return out


def function_roles(dice, trail):
    """The roles of four functions: a parameter on every cold start."""
    out = []
    for name in ("checkout-api", "search-index", "mail-sender", "thumbnails"):
        for hour in range(24):
            who = role(ACCOUNT, f"{name}-role", name, at(DAY, f"{hour:02d}:00"))
            for time in dice.times(at(DAY, f"{hour:02d}:00"), 3600, dice.between(1, 3)):
                request = {"name": f"/prod/{name}/config", "withDecryption": True}
                out.append(trail.call(time, who, "ssm:GetParameter", ("192.0.2.90", "boto"), request=request))
    return out


def jobs(dice, trail):
    """A job that looks for drift, and AWS Backup behind its service-linked role."""
    out = []
    for hour in range(0, 24, 2):
        start = at(DAY, f"{hour:02d}:20")
        auditor = role(ACCOUNT, "audit-reader", "posture-check", start)
        for i, api in enumerate(("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "iam:GetAccountSummary", "config:DescribeConfigRules")):
            out.append(trail.call(start + 2 * i, auditor, api, ("192.0.2.91", "boto"), request={}))
        backup = linked_role(ACCOUNT, "AWSServiceRoleForBackup", "backup", "AWSBackup", start)
        out.append(trail.call(start + 900 + dice.below(60), backup, "ec2:DescribeVolumes", ("backup.amazonaws.com",) * 2, request={}))
    return out


def etl(dice, trail):
    """A job that makes about 38 calls in a quarter of every hour, and 1,240 of them from 22:10 until 22:25."""
    instance_id = "i-0" + dice.hex(16)
    out = []
    for hour in range(24):
        who = instance(ACCOUNT, "etl-nightly", instance_id, at(DAY, f"{hour // 6 * 6:02d}:00"))
        start = at(DAY, f"{hour:02d}:{10 if hour == 22 else dice.between(5, 12):02d}")
        steps = work(810, 380, 47) if hour == 22 else work(17, 9, dice.between(10, 14))
        steps = [steps[i * 7919 % len(steps)] for i in range(len(steps))]  # 7919 is a prime: each step once, well mixed
        for i, (time, api) in enumerate(zip(dice.times(start, 840, len(steps)), steps)):
            out.append(step(trail, time, who, api, i))
        if hour == 22:
            for time in dice.times(start + 300, 200, 3):
                out.append(trail.denied(time, who, "secretsmanager:ListSecrets", ("192.0.2.77", "boto")))
    return out


def work(secrets, instances, others):
    """So many calls of each kind."""
    rest = ["s3:GetBucketLocation", "glue:GetJobRun", "sts:GetCallerIdentity", "rds:DescribeDBInstances"]
    return ["secretsmanager:GetSecretValue"] * secrets + ["ec2:DescribeInstances"] * instances + [rest[i % 4] for i in range(others)]


def step(trail, time, who, api, number):
    """One call of the job."""
    request = {"secretId": f"prod/warehouse/source-{number % 37:02d}"} if "Secret" in api else {}
    return trail.call(time, who, api, ("192.0.2.77", "boto"), request=request)


def functions(dice):
    """Four functions, two in each log format, with a failure now and then; they sleep a little at night."""
    out = {}
    for i, name in enumerate(("checkout-api", "search-index", "mail-sender", "thumbnails")):
        function = Function(dice, name, 256 << i % 3)
        payloads = []
        for part in range(0, 24, 4):
            stream = LogStream(dice, ACCOUNT, f"/aws/lambda/{name}", function.stream(DAY))
            lines = []
            for hour in range(part, part + 4):
                for second in dice.times(at(DAY, f"{hour:02d}:00"), 3600, 14 if 7 <= hour < 20 else 9):
                    lines += invocation(dice, function, second * 1000 + dice.below(1000), i)
            payloads.append(stream.payload(lines))
        out[f"lambda/{name}.jsonl.gz"] = zipped(json_lines(payloads))
    return out


def invocation(dice, function, ms, number):
    """The lines of one invocation: one in two hundred fails."""
    took = 25 + dice.below(40_000) / 100
    fails = dice.chance(0.5)
    if number % 2:
        return function.json(ms, took, status="error", error_type="ValueError") if fails else function.json(ms, took)
    return function.failing(ms, took) if fails else function.text(ms, took)
