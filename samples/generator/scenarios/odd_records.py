"""Records and files that are broken, unusual, or not records of calls at all."""

from generator.clock import at, show
from generator.containers import dump, s3_file, zipped
from generator.dice import Dice
from generator.identities import iam_user, role
from generator.trail import Trail, refused

ACCOUNT = "111122223333"
DAY = "2026-10-28"
SOURCE = ("198.51.100.31", "boto")


def files():
    """One file for each oddity; `records.json` has those of single records."""
    dice = Dice("odd-records")
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    delivered = s3_file(mistyped(trail))
    return {
        "records.json": (dump({"Records": records(trail)}) + "\n").encode(),
        "digest.json.gz": digest(),
        "control-message.json": (dump(control_message()) + "\n").encode(),
        "insight.json.gz": s3_file(insight(dice)),
        "aggregated.json.gz": s3_file([aggregated(dice)]),
        "network-activity.json.gz": s3_file([network_activity(trail)]),
        "delivered.json.gz": delivered,
        "delivered-again.json.gz": delivered,
    }


def good(trail, i):
    """An ordinary call, some seconds after nine."""
    who = role(ACCOUNT, "report-builder", "report-builder", at(DAY, "08:00"))
    return trail.call(at(DAY, "09:00") + 7 * i, who, "s3:ListBuckets", SOURCE, request={})


def records(trail):
    """Twelve records: the second to the sixth cannot be read, the others can."""
    missing = {k: v for k, v in good(trail, 1).items() if k != "eventTime"}
    rejects = [missing, good(trail, 2) | {"eventTime": "yesterday"}, None, "a record", good(trail, 3) | {"eventTime": at(DAY, "09:00")}]
    wrong = {"errorCode": None, "readOnly": "true", "requestParameters": "none", "sourceIPAddress": 3221225985, "resources": {}}
    newer = {"eventContext": {"tagContext": {}}, "newMember": [[1, {"deep": None}]], "anotherOne": -1.5e300}
    old = {k: v for k, v in good(trail, 7).items() if k not in ("eventID", "requestID", "eventType", "eventCategory", "recipientAccountId", "tlsDetails")}
    policy = '{\n  "Version": "2012-10-17",\n  "Statement": []\n}'
    named = {"request": {"roleName": "rapport-d'été", "policyName": "\"größer\" \\ \u2028", "policyDocument": policy}}
    tolerated = [
        good(trail, 4) | {"userIdentity": "report-builder"},
        good(trail, 5) | wrong,
        good(trail, 6) | newer | {"eventVersion": "1.11"},
        old | {"eventVersion": "1.0"},
        trail.call(at(DAY, "09:01:02"), iam_user(ACCOUNT, "zoe"), "iam:PutRolePolicy", SOURCE, region="us-east-1", **named),
        good(trail, 9) | {"addendum": {"reason": "DELIVERY_DELAY"}},
    ]
    return [good(trail, 0), *rejects, *tolerated]


def mistyped(trail):
    """Three failed sign-ins: few enough to say nothing, unless the same file counts twice."""
    who = refused(ACCOUNT, "zoe")
    return [trail.login(at(DAY, "08:40") + 41 * i, who, "198.51.100.60", ok=False) for i in range(3)]


def digest():
    """A digest file, which lies beside the log files and has the same suffix."""
    return zipped(
        dump(
            {
                "awsAccountId": ACCOUNT,
                "digestStartTime": f"{DAY}T08:01:31Z",
                "digestEndTime": f"{DAY}T09:01:31Z",
                "digestS3Bucket": "example-trail-logs",
                "digestS3Object": f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/10/28/{ACCOUNT}_CloudTrail-Digest_eu-west-1_all-regions_eu-west-1_20261028T090131Z.json.gz",
                "digestPublicKeyFingerprint": "0" * 32,
                "digestSignatureAlgorithm": "SHA256withRSA",
                "newestEventTime": f"{DAY}T09:00:49Z",
                "oldestEventTime": f"{DAY}T08:40:00Z",
                "previousDigestS3Bucket": None,
                "previousDigestS3Object": None,
                "previousDigestHashValue": None,
                "previousDigestSignature": None,
                "logFiles": [{"s3Bucket": "example-trail-logs", "s3Object": "delivered.json.gz", "hashValue": "0" * 64, "hashAlgorithm": "SHA-256"}],
            }
        )
    )


def control_message():
    """What CloudWatch Logs sends to see whether a destination is there."""
    event = {"id": "", "timestamp": at(DAY, "07:00:12") * 1000, "message": "CWL CONTROL MESSAGE: Checking health of destination Lambda."}
    return {"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "", "subscriptionFilters": [], "logEvents": [event]}


def insight(dice):
    """The start and the end of a CloudTrail Insights event."""
    shared = dice.uuid()
    out = []
    for time, state in (("08:12:00", "Start"), ("08:19:00", "End")):
        statistics = {"baseline": {"average": 0.0317}, "insight": {"average": 6.4}, "insightDuration": 7, "baselineDuration": 10071}
        details = {"state": state, "eventSource": "ssm.amazonaws.com", "eventName": "UpdateInstanceInformation", "insightType": "ApiCallRateInsight"}
        out.append(
            {
                "eventVersion": "1.09",
                "eventTime": f"{DAY}T{time}Z",
                "awsRegion": "eu-west-1",
                "eventID": dice.uuid(),
                "eventType": "AwsCloudTrailInsight",
                "recipientAccountId": ACCOUNT,
                "sharedEventID": shared,
                "insightDetails": details | {"insightContext": {"statistics": statistics, "attributions": []}},
                "eventCategory": "Insight",
            }
        )
    return out


def aggregated(dice):
    """Five minutes of data events in one record, without a caller and without `eventTime`."""

    def counts(dimension, **values):
        return {"dimension": dimension, "statistics": [{"name": name, "value": value} for name, value in values.items()]}

    start = at(DAY, "08:35")
    return {
        "eventVersion": "1.0",
        "accountId": ACCOUNT,
        "eventId": dice.uuid(),
        "eventCategory": "Aggregated",
        "eventType": "AwsAggregatedEvent",
        "awsRegion": "eu-west-1",
        "eventSource": "s3.amazonaws.com",
        "timeWindow": {"windowStart": show(start), "windowEnd": show(start + 300), "windowSize": "PT5M"},
        "summary": {"primaryDimension": counts("eventName", GetObject=118, PutObject=7), "details": [counts("errorCode", AccessDenied=2)]},
    }


def network_activity(trail):
    """A call that the policy of a VPC endpoint refused, as its owner sees it."""
    who = {"type": "AWSAccount", "principalId": "AROAEXAMPLEEXAMPLE777:worker", "accountId": "444455556666"}
    error = "VpceAccessDenied", "The request was denied due to a VPC endpoint policy"
    record = trail.call(at(DAY, "08:51:16"), who, "kms:ListKeys", ("192.0.2.200", "boto"), error=error)
    for member in ("userAgent", "readOnly", "managementEvent", "tlsDetails", "requestParameters", "responseElements"):
        del record[member]
    vpce = {"vpcEndpointId": "vpce-0a1b2c3d4e5f67890", "vpcEndpointAccountId": ACCOUNT, "sharedEventID": trail.dice.uuid()}
    return record | vpce | {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
