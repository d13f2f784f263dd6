"""The access key of a build user is tried out from somewhere else."""

from generator.clock import at
from generator.containers import console_csv, json_lines, trail_lines
from generator.dice import Dice
from generator.identities import iam_user, role
from generator.trail import Trail

ACCOUNT = "111122223333"
DAY = "2026-10-13"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:"
BUILDS = [
    "sts:GetCallerIdentity",
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecs:DescribeServices",
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
    "ecs:DescribeServices",
]
TRIED = [
    ("14:07:31", "iam:ListUsers"),
    ("14:07:44", "iam:ListRoles"),
    ("14:07:58", "iam:GetAccountAuthorizationDetails"),
    ("14:08:20", "s3:ListBuckets"),
    ("14:08:41", "ec2:DescribeInstances"),
    ("14:09:03", "ec2:DescribeSnapshots"),
    ("14:09:26", "rds:DescribeDBInstances"),
    ("14:09:50", "lambda:ListFunctions20150331"),
    ("14:10:17", "ssm:DescribeParameters"),
    ("14:10:45", "secretsmanager:ListSecrets"),
    ("14:11:12", "kms:ListKeys"),
    ("14:11:48", "organizations:DescribeOrganization"),
    ("14:12:19", "iam:CreateUser"),
    ("14:12:57", "secretsmanager:GetSecretValue"),
]


def files():
    """The trail as JSON lines, and what somebody downloaded of an application's calls from the console."""
    dice = Dice("stolen-key")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = sorted(builds(dice, trail) + intrusion(trail), key=lambda r: r["eventTime"])
    app = application(dice, trail)
    return {"trail.jsonl": json_lines(calls).encode(), "billing-api.csv": console_csv(trail_lines(app)).encode()}


def builds(dice, trail):
    """What the user is for: a build at a quarter to every hour of the day."""
    who = iam_user(ACCOUNT, "ci-deploy")
    calls = []
    for hour in range(6, 18):
        start = at(DAY, f"{hour:02d}:{dice.between(43, 47)}")
        for i, api in enumerate(BUILDS):
            time = start + 9 * i + dice.below(9)
            repository = {"repositoryName": "shop/storefront", "registryId": ACCOUNT}
            cluster = {"cluster": "shop", "service": "storefront"}
            request = repository if api.startswith("ecr") else cluster if api.startswith("ecs") else None
            calls.append(trail.call(time, who, api, ("198.51.100.14", "cli"), request=request))
    return calls


def intrusion(trail):
    """Fourteen APIs are refused in six minutes; then one of them is allowed."""
    who, source = iam_user(ACCOUNT, "ci-deploy"), ("203.0.113.99", "boto")
    calls = [trail.call(at(DAY, "14:07:09"), who, "sts:GetCallerIdentity", source)]
    for time, api in TRIED:
        members = {}
        if api.endswith("GetSecretValue"):
            members = {"resource": SECRET + "shop/database-Xy3kQ9", "request": {"secretId": "shop/database"}}
        calls.append(trail.denied(at(DAY, time), who, api, source, **members))
    request = {"secretId": "shop/storefront-build"}
    return [*calls, trail.call(at(DAY, "14:13:22"), who, "secretsmanager:GetSecretValue", source, request=request)]


def application(dice, trail):
    """An application that lacks one permission: three refusals of one API among calls that work."""
    who = role(ACCOUNT, "billing-api", "billing-api-7c9f", at(DAY, "13:00:04"))
    source = ("198.51.100.31", "java")
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{dice.uuid()}"
    calls = [trail.call(t, who, "dynamodb:DescribeTable", source, request={"tableName": "invoices"}) for t in dice.times(at(DAY, "13:05"), 3000, 12)]
    for time in ("13:21:10", "13:21:11", "13:21:14"):
        calls.append(trail.denied(at(DAY, time), who, "kms:Decrypt", source, resource=key, request={"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}))
    return sorted(calls, key=lambda r: r["eventTime"])
