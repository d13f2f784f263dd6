"""A quiet day of Terraform: a plan every three hours, and one apply."""

from generator.clock import at
from generator.containers import s3_files
from generator.dice import Dice
from generator.identities import pipeline
from generator.trail import Trail

ACCOUNT = "444455556666"
DAY = "2026-10-21"
SOURCE = ("198.51.100.200", "terraform")
BUCKETS = ["artifacts", "access-logs", "backups", "exports", "images", "invoices", "lake-raw", "lake-curated", "reports", "static", "state"]
BUCKET_READS = {
    "GetBucketAcl": None,
    "GetBucketCors": "NoSuchCORSConfiguration",
    "GetBucketEncryption": None,
    "GetBucketLifecycle": "NoSuchLifecycleConfiguration",
    "GetBucketLogging": None,
    "GetBucketPolicy": "NoSuchBucketPolicy",
    "GetBucketPublicAccessBlock": None,
    "GetBucketTagging": "NoSuchTagSet",
    "GetBucketVersioning": None,
    "GetBucketWebsite": "NoSuchWebsiteConfiguration",
}
MESSAGES = {
    "NoSuchCORSConfiguration": "The CORS configuration does not exist",
    "NoSuchLifecycleConfiguration": "The lifecycle configuration does not exist",
    "NoSuchBucketPolicy": "The bucket policy does not exist",
    "NoSuchTagSet": "The TagSet does not exist",
    "NoSuchWebsiteConfiguration": "The specified bucket does not have a website configuration",
}
ROLES = ["api", "batch", "build", "etl", "export", "ingest", "mail", "report", "search", "thumbs"]
ROLE_READS = ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"]
FUNCTIONS = ["api", "ingest", "mail", "report", "thumbs"]
FUNCTION_READS = ["GetFunction20150331v2", "ListVersionsByFunction20150331", "GetFunctionCodeSigningConfig"]
NETWORK = ["Vpcs", "Subnets", "RouteTables", "SecurityGroups", "NetworkAcls", "InternetGateways", "NatGateways", "VpcEndpoints", "Addresses", "FlowLogs"]


def files():
    """The files of a day; IAM is logged in us-east-1."""
    dice = Dice("terraform-day")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    calls = []
    for run, hour in enumerate(range(0, 24, 3)):
        start = at(DAY, f"{hour:02d}:{dice.between(2, 9):02d}")
        who = pipeline(ACCOUNT, "terraform-deploy", f"plan-{4711 + run}", start - 8)
        reads = refresh(dice)
        for time, (api, members) in zip(dice.times(start, 240, len(reads)), reads):
            calls.append(trail.call(time, who, api, SOURCE, **members))
        if hour == 15:
            calls += apply(trail, start + 300)
    regions = ("eu-west-1", "us-east-1")
    return {k: v for r in regions for k, v in s3_files(dice, [c for c in calls if c["awsRegion"] == r], 180).items()}


def refresh(dice):
    """The reads of one plan, in (API, members): all that is in the state, and a few things that somebody is adding."""
    out = [("sts:GetCallerIdentity", {})]
    for b, bucket in enumerate(BUCKETS):
        for i, (name, missing) in enumerate(BUCKET_READS.items()):
            host = f"example-{bucket}-{ACCOUNT}"
            members = {"request": {"bucketName": host, "Host": f"{host}.s3.eu-west-1.amazonaws.com"}}
            if missing and (b * 7 + i) % 4 == 0:
                members["error"] = missing, MESSAGES[missing]
            out.append((f"s3:{name}", members))
    for name in ROLES:
        for api in ROLE_READS:
            out.append((f"iam:{api}", {"request": {"roleName": f"example-{name}"}, "region": "us-east-1"}))
    for name in FUNCTIONS:
        out += [(f"lambda:{api}", {"request": {"functionName": f"example-{name}"}}) for api in FUNCTION_READS]
    for name in NETWORK:
        for _ in range(dice.between(4, 5)):
            out.append((f"ec2:Describe{name}", {"request": {"filterSet": {}, "maxResults": 100}}))
    return out


def apply(trail, start):
    """The apply of the afternoon: a bucket, a function and its permissions."""
    who = pipeline(ACCOUNT, "terraform-deploy", "apply-4716", start - 8)
    bucket = {"bucketName": f"example-mail-archive-{ACCOUNT}"}
    function = {"functionName": "example-mail"}
    group = {"logGroupName": "/aws/lambda/example-mail"}
    steps = [
        ("s3:CreateBucket", bucket | {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
        ("s3:PutBucketVersioning", bucket | {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("s3:PutBucketTagging", bucket),
        ("s3:PutBucketPublicAccessBlock", bucket | {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": True}}),
        ("logs:PutRetentionPolicy", group | {"retentionInDays": 30}),
        ("lambda:UpdateFunctionCode20150331v2", function | {"publish": True, "dryRun": False}),
        ("lambda:UpdateFunctionConfiguration20150331v2", function | {"timeout": 20}),
        ("lambda:PublishVersion20150331", function),
        ("logs:TagResource", {"resourceArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/example-mail"}),
    ]
    return [trail.call(start + 4 * i, who, api, SOURCE, request=request) for i, (api, request) in enumerate(steps)]
