//! The APIs that are called, the most frequent first.

use crate::shapes::*;

/// An API and the shapes of its request and response. It is read-only if its response is null and its name says so.
pub(crate) struct Api {
    /// The service, as in `eventSource` before `.amazonaws.com`.
    pub(crate) service: &'static str,
    /// `eventName`.
    pub(crate) name: &'static str,
    /// `requestParameters`.
    pub(crate) request: Shape,
    /// `responseElements` of a success.
    pub(crate) response: Shape,
}

impl Api {
    /// What `readOnly` says.
    pub(crate) fn reads(&self) -> bool {
        const READS: [&str; 9] =
            ["Describe", "Get", "List", "Lookup", "Batch", "AssumeRole", "Decrypt", "GenerateDataKey", "Encrypt"];
        READS.iter().any(|r| self.name.starts_with(r))
    }

    /// True for a data event, such as a read of an S3 object.
    pub(crate) fn is_data(&self) -> bool {
        matches!((self.service, self.name), ("s3", "GetObject" | "PutObject" | "DeleteObject") | ("lambda", "Invoke"))
    }
}

const fn api(service: &'static str, name: &'static str, request: Shape, response: Shape) -> Api {
    Api { service, name, request, response }
}

/// All of them, in the order of their rank.
pub(crate) const APIS: &[Api] = &[
    api("kms", "Decrypt", KMS, NULL),
    api("ec2", "DescribeInstances", FILTER, NULL),
    api("ssm", "UpdateInstanceInformation", AGENT, NULL),
    api("sts", "AssumeRole", ASSUME, ASSUMED),
    api("s3", "GetBucketAcl", BUCKET, NULL),
    api("kms", "GenerateDataKey", KMS, NULL),
    api("logs", "CreateLogStream", STREAM, NULL),
    api("sts", "GetCallerIdentity", NULL, NULL),
    api("secretsmanager", "GetSecretValue", SECRET, NULL),
    api("ec2", "DescribeNetworkInterfaces", FILTER, NULL),
    api("ssm", "GetParameter", PARAMETER, NULL),
    api("ec2", "DescribeSecurityGroups", FILTER, NULL),
    api("monitoring", "GetMetricData", METRICS, NULL),
    api("ecr", "BatchGetImage", IMAGE, NULL),
    api("ecr", "GetAuthorizationToken", EMPTY, NULL),
    api("ec2", "DescribeSubnets", FILTER, NULL),
    api("config", "PutEvaluations", EVALUATIONS, NULL),
    api("iam", "GetRole", ROLE, NULL),
    api("s3", "GetObject", OBJECT, NULL),
    api("lambda", "GetFunction20150331v2", FUNCTION, NULL),
    api("dynamodb", "DescribeTable", TABLE, NULL),
    api("ecs", "DescribeServices", SERVICE, NULL),
    api("ec2", "DescribeInstanceStatus", INSTANCES, NULL),
    api("iam", "ListRolePolicies", ROLE, NULL),
    api("iam", "ListAttachedRolePolicies", ROLE, NULL),
    api("s3", "ListBuckets", EMPTY, NULL),
    api("s3", "GetBucketPolicy", BUCKET, NULL),
    api("ec2", "DescribeVpcs", FILTER, NULL),
    api("ec2", "DescribeVolumes", FILTER, NULL),
    api("ec2", "DescribeRouteTables", FILTER, NULL),
    api("elasticloadbalancing", "DescribeTargetHealth", PAGE, NULL),
    api("autoscaling", "DescribeAutoScalingGroups", PAGE, NULL),
    api("cloudformation", "DescribeStacks", STACK, NULL),
    api("rds", "DescribeDBInstances", PAGE, NULL),
    api("monitoring", "DescribeAlarms", PAGE, NULL),
    api("s3", "PutObject", OBJECT, NULL),
    api("ec2", "CreateNetworkInterface", NETWORK_INTERFACE, ATTACHED_INTERFACE),
    api("ec2", "DeleteNetworkInterface", INSTANCES, OK),
    api("lambda", "Invoke", FUNCTION, NULL),
    api("tagging", "GetResources", PAGE, NULL),
    api("logs", "DescribeLogGroups", PAGE, NULL),
    api("sqs", "GetQueueAttributes", TABLE, NULL),
    api("kms", "CreateGrant", GRANT, OK),
    api("kms", "Encrypt", KMS, NULL),
    api("kms", "DescribeKey", KMS, NULL),
    api("ecs", "UpdateService", SERVICE, NULL),
    api("s3", "GetBucketLocation", BUCKET, NULL),
    api("s3", "GetBucketEncryption", BUCKET, NULL),
    api("s3", "GetBucketLogging", BUCKET, NULL),
    api("s3", "GetBucketPublicAccessBlock", BUCKET, NULL),
    api("ec2", "RunInstances", RUN, RAN),
    api("ec2", "TerminateInstances", INSTANCES, STOPPED),
    api("ec2", "StopInstances", INSTANCES, STOPPED),
    api("ec2", "CreateTags", TAGS, OK),
    api("eks", "DescribeCluster", TABLE, NULL),
    api("ssm", "GetParametersByPath", PARAMETER, NULL),
    api("ssm", "DescribeInstanceInformation", PAGE, NULL),
    api("iam", "GetUser", USER, NULL),
    api("iam", "ListRoles", PAGE, NULL),
    api("iam", "ListUsers", PAGE, NULL),
    api("iam", "GetAccountSummary", NULL, NULL),
    api("lambda", "ListFunctions20150331", PAGE, NULL),
    api("lambda", "UpdateFunctionCode20150331v2", FUNCTION, DEPLOYED),
    api("lambda", "UpdateFunctionConfiguration20150331v2", FUNCTION, DEPLOYED),
    api("cloudtrail", "DescribeTrails", EMPTY, NULL),
    api("cloudtrail", "GetTrailStatus", TRAIL, NULL),
    api("cloudtrail", "LookupEvents", PAGE, NULL),
    api("guardduty", "ListDetectors", PAGE, NULL),
    api("secretsmanager", "ListSecrets", PAGE, NULL),
    api("secretsmanager", "PutSecretValue", SECRET, NULL),
    api("s3", "DeleteObject", OBJECT, NULL),
    api("s3", "PutBucketPolicy", BUCKET_POLICY, NULL),
    api("s3", "CreateBucket", BUCKET, NULL),
    api("ec2", "AuthorizeSecurityGroupIngress", INGRESS, OK),
    api("ec2", "RevokeSecurityGroupIngress", INGRESS, OK),
    api("ec2", "CreateSnapshot", INSTANCES, OK),
    api("route53", "ChangeResourceRecordSets", RECORD_SET, NULL),
    api("route53", "ListHostedZones", PAGE, NULL),
    api("organizations", "DescribeOrganization", NULL, NULL),
    api("organizations", "ListAccounts", PAGE, NULL),
    api("cloudformation", "CreateChangeSet", STACK, NULL),
    api("codebuild", "BatchGetBuilds", PAGE, NULL),
    api("bedrock", "InvokeModel", MODEL, NULL),
    api("iam", "CreateRole", POLICY, NULL),
    api("iam", "PutRolePolicy", POLICY, NULL),
    api("iam", "AttachRolePolicy", ATTACH, NULL),
    api("iam", "ListAccessKeys", USER, NULL),
    api("iam", "CreateAccessKey", USER, NEW_KEY),
    api("iam", "UpdateAssumeRolePolicy", POLICY, NULL),
    api("logs", "PutRetentionPolicy", STREAM, NULL),
    api("dynamodb", "UpdateTable", TABLE, NULL),
    api("ssm", "PutParameter", PARAMETER, NULL),
    api("ssm", "StartSession", AGENT, NULL),
    api("rds", "CreateDBSnapshot", TABLE, NULL),
    api("cloudtrail", "PutEventSelectors", TRAIL, NULL),
    api("cloudtrail", "StopLogging", TRAIL, NULL),
];
