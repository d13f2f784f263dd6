"""A working day full of changes, and a leaked key that is used in its midst."""

import json

from generator.clock import at
from generator.containers import s3_files
from generator.dice import Dice
from generator.identities import iam_user, linked_role, pipeline, role, sso_person
from generator.trail import Trail

ACCOUNT = "111122223333"
DAY = "2026-10-28"
OUTSIDE = "444455556666"
OFFICE = ("198.51.100.61", "browser")
BUILDER = ("198.51.100.210", "boto")
TERRAFORM = ("198.51.100.211", "terraform")
INTRUDER = ("203.0.113.77", "boto")
FUNCTIONS = ["quotes", "letters", "labels", "routes", "returns"]


def files():
    """The files of a day in two Regions; IAM is logged in us-east-1."""
    dice = Dice("changes-and-takeover")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = deployments(dice, trail) + terraform(dice, trail) + console(dice, trail) + services(dice, trail) + takeover(trail)
    regions = ("eu-west-1", "us-east-1")
    return {k: v for r in regions for k, v in s3_files(dice, [c for c in calls if c["awsRegion"] == r], 240).items()}


def deployments(dice, trail):
    """The pipeline deploys a function every hour: code, version, alias, and the trigger of a queue now and then."""
    out = []
    for hour in range(7, 19):
        start = at(DAY, f"{hour:02d}:{dice.between(5, 50):02d}")
        who = pipeline(ACCOUNT, "letters-release", f"run-{880 + hour}", start - 6)
        name = dice.pick(FUNCTIONS)
        steps = [
            ("lambda:GetFunction20150331v2", {"functionName": name}),
            ("lambda:UpdateFunctionCode20150331v2", {"functionName": name, "publish": False, "dryRun": False}),
            ("lambda:UpdateFunctionConfiguration20150331v2", {"functionName": name, "timeout": 20, "layers": [layer()]}),
            ("lambda:PublishVersion20150331", {"functionName": name}),
            ("lambda:UpdateAlias20150331", {"functionName": name, "name": "live", "functionVersion": str(300 + hour)}),
        ]
        for i, (api, request) in enumerate(steps):
            out.append(trail.call(start + 5 * i, who, api, BUILDER, request=request))
    return out


def layer():
    """The layer with the company's libraries."""
    return f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:base:12"


def terraform(dice, trail):
    """An apply at noon: a network part, a role, a bucket and its policy for the logs of a load balancer."""
    start = at(DAY, "12:04")
    who = pipeline(ACCOUNT, "infra-apply", "apply-311", start - 9)
    bucket = f"example-parcel-labels-{ACCOUNT}"
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    delivery = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}],
    }
    web = {"items": [{"ipProtocol": "tcp", "fromPort": 8443, "toPort": 8443, "ipRanges": {"items": [{"cidrIp": "10.20.0.0/16"}]}}]}
    steps = [
        ("ec2:CreateSecurityGroup", {"groupName": "parcel-web", "vpcId": "vpc-0example00000001"}),
        ("ec2:AuthorizeSecurityGroupIngress", {"groupId": "sg-0example00000001", "ipPermissions": web}),
        ("ec2:CreateTags", {"resourcesSet": {"items": [{"resourceId": "sg-0example00000001"}]}}),
        ("iam:CreateRole", {"roleName": "parcel-labels", "assumeRolePolicyDocument": json.dumps(trust)}),
        ("iam:AttachRolePolicy", {"roleName": "parcel-labels", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
        ("s3:CreateBucket", {"bucketName": bucket}),
        ("s3:PutBucketEncryption", {"bucketName": bucket, "ServerSideEncryptionConfiguration": {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}}),
        ("s3:PutBucketPublicAccessBlock", {"bucketName": bucket, "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True}}),
        ("s3:PutBucketPolicy", {"bucketName": bucket, "bucketPolicy": delivery}),
        ("rds:ModifyDBInstance", {"dBInstanceIdentifier": "parcels", "allocatedStorage": 200}),
        ("kms:CreateKey", {"origin": "AWS_KMS", "keyUsage": "ENCRYPT_DECRYPT"}),
        ("logs:PutRetentionPolicy", {"logGroupName": "/aws/lambda/labels", "retentionInDays": 90}),
    ]
    reads = [trail.call(t, who, "ec2:DescribeInstanceAttribute", TERRAFORM, request={"instanceId": "i-0example00000001", "attribute": "instanceType"}) for t in dice.times(start - 240, 120, 12)]
    made = (trail.call(start + 6 * i, who, api, TERRAFORM, request=request, **region(api)) for i, (api, request) in enumerate(steps))
    return reads + list(made)


def region(api):
    """Where a call is logged, if that is not the Region of the account."""
    return {"region": "us-east-1"} if api.startswith("iam:") else {}


def console(dice, trail):
    """Two people at work in the console: they look, start a session on a host, and restart a machine."""
    out = []
    for email, hours in (("ilse.vogt@example.com", (8, 10, 14)), ("tom.arden@example.com", (9, 13, 16))):
        for hour in hours:
            began = at(DAY, f"{hour:02d}:10")
            who = sso_person(ACCOUNT, "Operator", email, began)
            for time in dice.times(began + 60, 1500, 14):
                api = dice.pick(["ec2:DescribeInstances", "monitoring:DescribeAlarms", "lambda:ListFunctions20150331", "logs:DescribeLogGroups", "s3:ListBuckets"])
                out.append(trail.call(time, who, api, OFFICE, request={}))
    began = at(DAY, "14:10")
    who = sso_person(ACCOUNT, "Operator", "ilse.vogt@example.com", began)
    out.append(trail.call(began + 400, who, "ssm:StartSession", OFFICE, request={"target": "i-0example00000001"}))
    out.append(trail.call(began + 900, who, "ec2:StopInstances", OFFICE, request={"instancesSet": {"items": [{"instanceId": "i-0example00000001"}]}}))
    return out


def services(dice, trail):
    """Backups, auto scaling and lifecycle policies make and delete machines and copies all day."""
    out = []
    for hour in range(0, 24, 2):
        start = at(DAY, f"{hour:02d}:20")
        backup = role(ACCOUNT, "AWSBackupDefaultServiceRole", "AWSBackup-AWSBackupDefaultServiceRole", start, "/service-role/") | {"invokedBy": "backup.amazonaws.com"}
        scaling = linked_role(ACCOUNT, "AWSServiceRoleForAutoScaling", "autoscaling", "AutoScaling", start)
        steps = [
            (backup, "ec2:CreateSnapshot", {"volumeId": "vol-0example00000001"}),
            (backup, "ec2:DeleteSnapshot", {"snapshotId": f"snap-0example000000{hour:02d}"}),
            (backup, "rds:CreateDBSnapshot", {"dBInstanceIdentifier": "parcels", "dBSnapshotIdentifier": f"nightly-{hour}"}),
            (scaling, "ec2:RunInstances", {"instanceType": "m6i.large", "instancesSet": {"items": [{"imageId": "ami-0example", "minCount": 1, "maxCount": 1}]}}),
            (scaling, "ec2:TerminateInstances", {"instancesSet": {"items": [{"instanceId": f"i-0example000000{hour:02d}"}]}}),
            (scaling, "monitoring:DeleteAlarms", {"alarmNames": ["TargetTracking-web-AlarmLow-0example"]}),
        ]
        for (who, api, request), time in zip(steps, dice.times(start, 600, len(steps))):
            out.append(trail.call(time, who, api, (who["invokedBy"],) * 2, request=request))
    return out


def takeover(trail):
    """A leaked key of a user makes itself at home, shares a disk and opens a port, within a quarter of an hour."""
    who = iam_user(ACCOUNT, "letter-archive")
    outside = {"createVolumePermission": {"add": {"items": [{"userId": OUTSIDE}]}}}
    ssh = {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    steps = [
        ("sts:GetCallerIdentity", {}),
        ("secretsmanager:BatchGetSecretValue", {"filters": [{"key": "name", "values": ["prod/"]}]}),
        ("iam:CreateUser", {"userName": "support-temp"}),
        ("iam:AttachUserPolicy", {"userName": "support-temp", "policyArn": admin}),
        ("iam:CreateAccessKey", {"userName": "support-temp"}),
        ("ec2:ModifySnapshotAttribute", {"snapshotId": "snap-0example00000077", "attributeType": "CREATE_VOLUME_PERMISSION"} | outside),
        ("ec2:AuthorizeSecurityGroupIngress", {"groupId": "sg-0example00000001", "ipPermissions": ssh}),
        ("lambda:UpdateFunctionCode20150331v2", {"functionName": "returns", "publish": False, "dryRun": False}),
    ]
    start = at(DAY, "13:31")
    return [trail.call(start + 100 * i, who, api, INTRUDER, request=request, **region(api)) for i, (api, request) in enumerate(steps)]
