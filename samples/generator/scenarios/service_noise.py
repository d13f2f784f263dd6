"""AWS services at work in an account: refusals, throttles and root records that mean nothing."""

from generator.clock import at
from generator.containers import LogStream, trail_lines, zipped
from generator.dice import Dice
from generator.identities import linked_role, role, root, service, sso_person
from generator.trail import Trail

ACCOUNT = "444455556666"
DAY = "2026-10-22"
PROBED = [
    "aoss:ListCollections",
    "appflow:ListFlows",
    "athena:ListWorkGroups",
    "braket:SearchQuantumTasks",
    "codeartifact:ListRepositories",
    "dax:DescribeClusters",
    "fsx:DescribeFileSystems",
    "greengrass:ListComponents",
    "iotwireless:ListDestinations",
    "kafka:ListClusters",
    "location:ListMaps",
    "mediaconvert:ListQueues",
    "omics:ListWorkflows",
    "personalize:ListSchemas",
    "qldb:ListLedgers",
    "rekognition:DescribeProjects",
]


def files():
    """What `aws logs filter-log-events` printed of half a day."""
    dice = Dice("service-noise")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = []
    for hour in range(12):
        start = at(DAY, f"{hour:02d}:00")
        calls += inventory(dice, trail, start) + scaling(dice, trail, start) + plumbing(dice, trail, start)
    calls += console(dice, trail)
    calls.sort(key=lambda r: r["eventTime"])
    stream = LogStream(dice, ACCOUNT, "organization-trail", f"{ACCOUNT}_CloudTrail_eu-west-1")
    return {"filter-log-events.json.gz": zipped(stream.filtered(trail_lines(calls)))}


def inventory(dice, trail, start):
    """Config and Resource Explorer ask every service what it has, also where they may not."""
    config = linked_role(ACCOUNT, "AWSServiceRoleForConfig", "config", "AWSConfig-Describe", start + 40)
    explorer = linked_role(ACCOUNT, "AWSServiceRoleForResourceExplorer", "resource-explorer-2", "ResourceExplorer", start + 61)
    out = []
    for time, api in zip(dice.times(start + 600, 480, len(PROBED)), PROBED):
        source = ("resource-explorer-2.amazonaws.com", "resource-explorer-2.amazonaws.com")
        out.append(trail.denied(time, explorer, api, source))
    source = ("config.amazonaws.com", "config.amazonaws.com")
    for time in dice.times(start + 1500, 1200, 8):
        out.append(trail.call(time, config, dice.pick(["ec2:DescribeVolumes", "s3:GetBucketPolicy", "rds:DescribeDBInstances"]), source, request={}))
    for api in ("s3:GetBucketAcl", "kms:GetKeyPolicy"):
        out.append(trail.denied(start + 2800 + dice.below(200), config, api, source))
    return out


def scaling(dice, trail, start):
    """Auto Scaling is throttled in every hour."""
    who = linked_role(ACCOUNT, "AWSServiceRoleForAutoScaling", "autoscaling", "AutoScaling", start + 12)
    source = ("autoscaling.amazonaws.com", "autoscaling.amazonaws.com")
    out = []
    for i, time in enumerate(dice.times(start + 300, 3000, 9)):
        members = {"error": ("Client.RequestLimitExceeded", "Request limit exceeded.")} if i % 3 == 0 else {}
        out.append(trail.call(time, who, "ec2:DescribeInstanceStatus", source, request={"includeAllInstances": False}, **members))
    return out


def plumbing(dice, trail, start):
    """Services that act for themselves, and for root."""
    out = []
    for name, api in (("cloudtrail", "s3:GetBucketAcl"), ("lambda", "sts:AssumeRole"), ("ec2", "sts:AssumeRole"), ("delivery.logs", "kms:GenerateDataKey")):
        domain = f"{name}.amazonaws.com"
        out.append(trail.call(start + dice.below(3600), service(name), api, (domain, domain), request={}, sharedEventID=dice.uuid()))
    kms = trail.call(start + dice.below(3600), {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, "kms:RotateKey", ("AWS Internal", "AWS Internal"))
    out.append(kms | {"eventType": "AwsServiceEvent", "serviceEventDetails": {"rotationType": "AUTOMATIC"}})
    owner = root(ACCOUNT) | {"invokedBy": "billingconsole.amazonaws.com"}
    billing = trail.call(start + dice.below(3600), owner, "account:GetAccountInformation", ("billingconsole.amazonaws.com",) * 2)
    out.append(billing | {"eventType": "AwsServiceEvent"})
    backup = role(ACCOUNT, "AWSBackupDefaultServiceRole", "AWSBackup-AWSBackupDefaultServiceRole", start + 5, "/service-role/")
    backup["invokedBy"] = "backup.amazonaws.com"
    out.append(trail.call(start + dice.below(3600), backup, "rds:DescribeDBSnapshots", ("backup.amazonaws.com",) * 2, request={}))
    return out


def console(dice, trail):
    """The console looks things up for a person who opened it, as `AWS Internal`."""
    person = sso_person(ACCOUNT, "ReadOnly", "emre.yilmaz@example.com", at(DAY, "08:05:33"))
    person["invokedBy"] = "AWS Internal"
    out = []
    for time in dice.times(at(DAY, "08:06"), 3600, 12):
        out.append(trail.call(time, person, "tagging:GetResources", ("AWS Internal", "AWS Internal"), request={"resourcesPerPage": 100}))
    for time, api in (("08:06:20", "ce:GetCostForecast"), ("08:06:20", "freetier:GetFreeTierUsage"), ("08:06:21", "notifications:ListNotificationHubs")):
        out.append(trail.denied(at(DAY, time), person, api, ("AWS Internal", "AWS Internal")))
    return out
