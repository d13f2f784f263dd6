//! Requests, responses, errors and user agents, as templates. Sizes and repetition are those of real records.

/// A template of `requestParameters` or `responseElements`.
pub(crate) type Shape = &'static str;

pub(crate) const NULL: Shape = "null";
pub(crate) const EMPTY: Shape = "{}";
pub(crate) const PAGE: Shape = r#"{"maxResults":100,"nextToken":"<base62:96>"}"#;
pub(crate) const FILTER: Shape = r#"{"maxResults":1000,"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-<id>"}]}},{"name":"tag:system","valueSet":{"items":[{"value":"<system>-<part>"}]}}]}}"#;
pub(crate) const INSTANCES: Shape =
    r#"{"instancesSet":{"items":[{"instanceId":"i-<id>"},{"instanceId":"i-<id>"}]},"filterSet":{}}"#;
pub(crate) const KMS: Shape = r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"arn:aws:kms:<region>:<account>:key/<key>","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<system>-<part>-<account>/part=<below:400>/<hex:24>.parquet"}}"#;
pub(crate) const GRANT: Shape = r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<key>","granteePrincipal":"arn:aws:iam::<account>:role/<system>-<part>","operations":["Decrypt","GenerateDataKey","CreateGrant"],"constraints":{"encryptionContextSubset":{"aws:ebs:id":"vol-<id>"}}}"#;
pub(crate) const ASSUME: Shape = r#"{"roleArn":"arn:aws:iam::<account>:role/<system>-<part>","roleSessionName":"<system>-<hex:12>","durationSeconds":3600,"externalId":"<uuid>"}"#;
pub(crate) const ASSUMED: Shape = r#"{"credentials":{"accessKeyId":"ASIA<base32:9>EXAMPLE","sessionToken":"IQoJb3JpZ2luX2VjE<base62:330>","expiration":"Sep 9, 2026, 10:11:12 AM"},"assumedRoleUser":{"assumedRoleId":"AROA<base32:17>:<system>","arn":"arn:aws:sts::<account>:assumed-role/<system>-<part>/<system>"}}"#;
pub(crate) const BUCKET: Shape = r#"{"bucketName":"<system>-<part>-<account>","Host":"<system>-<part>-<account>.s3.<region>.amazonaws.com","acl":""}"#;
pub(crate) const BUCKET_POLICY: Shape = r#"{"bucketName":"<system>-<part>-<account>","Host":"s3.<region>.amazonaws.com","policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::<system>-<part>-<account>/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}}"#;
pub(crate) const OBJECT: Shape = r#"{"bucketName":"<system>-<part>-<account>","Host":"<system>-<part>-<account>.s3.<region>.amazonaws.com","key":"day=2026-09-<below:28>/part-<below:4096>-<uuid>.snappy.parquet","x-amz-server-side-encryption":"aws:kms"}"#;
pub(crate) const SECRET: Shape =
    r#"{"secretId":"arn:aws:secretsmanager:<region>:<account>:secret:<system>/<part>/database-<below:90>"}"#;
pub(crate) const PARAMETER: Shape = r#"{"name":"/prod/<system>/<part>/setting-<below:60>","withDecryption":true}"#;
pub(crate) const AGENT: Shape = r#"{"instanceId":"i-<id>","agentVersion":"3.3.2656.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.<below:64>.<below:256>.<below:256>","computerName":"ip-10-<below:64>-<below:256>-<below:256>.<region>.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"<region>a"}"#;
pub(crate) const STREAM: Shape =
    r#"{"logGroupName":"/aws/lambda/<system>-<part>","logStreamName":"2026/09/<below:28>/[$LATEST]<hex:32>"}"#;
pub(crate) const FUNCTION: Shape = r#"{"functionName":"arn:aws:lambda:<region>:<account>:function:<system>-<part>"}"#;
pub(crate) const DEPLOYED: Shape = r#"{"functionName":"<system>-<part>","functionArn":"arn:aws:lambda:<region>:<account>:function:<system>-<part>","runtime":"python3.13","role":"arn:aws:iam::<account>:role/<system>-<part>","handler":"app.handler","codeSize":<below:9000000>,"timeout":30,"memorySize":512,"lastModified":"<time>","codeSha256":"<base62:43>=","version":"$LATEST","environment":{},"revisionId":"<uuid>","packageType":"Zip","architectures":["arm64"]}"#;
pub(crate) const ROLE: Shape = r#"{"roleName":"<system>-<part>"}"#;
pub(crate) const POLICY: Shape = r#"{"roleName":"<system>-<part>","policyName":"<system>-inline","policyDocument":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Sid\": \"für <system>\",\n      \"Effect\": \"Allow\",\n      \"Action\": [\"s3:GetObject\", \"s3:ListBucket\"],\n      \"Resource\": \"arn:aws:s3:::<system>-<part>-<account>/*\"\n    }\n  ]\n}"}"#;
pub(crate) const ATTACH: Shape =
    r#"{"roleName":"<system>-<part>","policyArn":"arn:aws:iam::<account>:policy/<system>-access"}"#;
pub(crate) const USER: Shape = r#"{"userName":"<system>.<part>"}"#;
pub(crate) const NEW_KEY: Shape = r#"{"accessKey":{"userName":"<system>.<part>","accessKeyId":"AKIA<base32:9>EXAMPLE","status":"Active","createDate":"Sep 9, 2026, 10:11:12 AM"}}"#;
pub(crate) const IMAGE: Shape = r#"{"repositoryName":"<system>/<part>","registryId":"<account>","imageIds":[{"imageTag":"sha-<hex:7>"}],"acceptedMediaTypes":["application/vnd.docker.distribution.manifest.v2+json","application/vnd.oci.image.manifest.v1+json"]}"#;
pub(crate) const RUN: Shape = r#"{"instancesSet":{"items":[{"imageId":"ami-<id>","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"clientToken":"fleet-<uuid>","subnetId":"subnet-<id>","tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"system","value":"<system>"},{"key":"Name","value":"<system>-<part>"}]}]}}"#;
pub(crate) const RAN: Shape = r#"{"requestId":"<uuid>","reservationId":"r-<id>","ownerId":"<account>","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-<id>","imageId":"ami-<id>","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-<below:256>-<below:256>.<region>.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","placement":{"availabilityZone":"<region>b","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"subnet-<id>","vpcId":"vpc-<id>","privateIpAddress":"10.0.<below:256>.<below:256>","stateReason":{"code":"pending","message":"pending"},"architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","virtualizationType":"hvm","hypervisor":"nitro","networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-<id>","status":"in-use","macAddress":"0e:<below:10>f:1a:2b:3c:4d"}]},"ebsOptimized":true,"metadataOptions":{"state":"pending","httpTokens":"required","httpPutResponseHopLimit":2,"httpEndpoint":"enabled"}}]}}"#;
pub(crate) const STOPPED: Shape = r#"{"requestId":"<uuid>","instancesSet":{"items":[{"instanceId":"i-<id>","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#;
pub(crate) const TAGS: Shape = r#"{"resourcesSet":{"items":[{"resourceId":"i-<id>"}]},"tagSet":{"items":[{"key":"Name","value":"<system>-<part>"},{"key":"owner","value":"<system>"}]}}"#;
pub(crate) const INGRESS: Shape = r#"{"groupId":"sg-<id>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.<below:256>.0.0/16","description":"the \"<system>\" network"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#;
pub(crate) const NETWORK_INTERFACE: Shape = r#"{"subnetId":"subnet-<id>","description":"AWS Lambda VPC ENI-<system>-<uuid>","groupSet":{"items":[{"groupId":"sg-<id>"}]},"privateIpAddressesSet":{},"ipv6AddressCount":0,"clientToken":"<uuid>"}"#;
pub(crate) const ATTACHED_INTERFACE: Shape = r#"{"requestId":"<uuid>","networkInterface":{"networkInterfaceId":"eni-<id>","subnetId":"subnet-<id>","vpcId":"vpc-<id>","availabilityZone":"<region>b","ownerId":"<account>","requesterManaged":false,"status":"pending","macAddress":"0e:aa:<below:10>c:00:11:22","privateIpAddress":"10.0.<below:256>.<below:256>","sourceDestCheck":true,"interfaceType":"interface","tagSet":{}}}"#;
pub(crate) const OK: Shape = r#"{"requestId":"<uuid>","_return":true}"#;
pub(crate) const SERVICE: Shape = r#"{"cluster":"<system>","services":["<system>-<part>"],"include":["TAGS"]}"#;
pub(crate) const EVALUATIONS: Shape = r#"{"evaluations":[{"complianceResourceType":"AWS::EC2::Instance","complianceResourceId":"i-<id>","complianceType":"COMPLIANT","orderingTimestamp":"Sep 3, 2026, 4:05:06 AM"}],"resultToken":"<base62:260>","testMode":false}"#;
pub(crate) const STACK: Shape =
    r#"{"stackName":"arn:aws:cloudformation:<region>:<account>:stack/<system>-<part>/<key>"}"#;
pub(crate) const METRICS: Shape = r#"{"metricDataQueries":[{"id":"m<below:40>","metricStat":{"metric":{"namespace":"AWS/Lambda","metricName":"Errors","dimensions":[{"name":"FunctionName","value":"<system>-<part>"}]},"period":60,"stat":"Sum"}}],"startTime":"<time>","endTime":"<time>"}"#;
pub(crate) const TRAIL: Shape = r#"{"name":"arn:aws:cloudtrail:<region>:<account>:trail/all-regions"}"#;
pub(crate) const TABLE: Shape = r#"{"tableName":"<system>-<part>"}"#;
pub(crate) const RECORD_SET: Shape = r#"{"hostedZoneId":"/hostedzone/Z<base32:13>","changeBatch":{"changes":[{"action":"UPSERT","resourceRecordSet":{"name":"<part>.<system>.example.com.","type":"CNAME","tTL":60,"resourceRecords":[{"value":"<system>.internal.example.com"}]}}]}}"#;
pub(crate) const MODEL: Shape = r#"{"modelId":"example.text-v1:0"}"#;

/// What a failed call may say, most frequent first: code and message.
pub(crate) const ERRORS: [(&str, Shape); 7] = [
    (
        "AccessDenied",
        "User: <caller> is not authorized to perform: <api> on resource: arn:aws:iam::<account>:role/<system>-<part> because no identity-based policy allows the <api> action",
    ),
    ("ThrottlingException", "Rate exceeded"),
    ("ResourceNotFoundException", "Requested resource not found: <system>-<part>"),
    (
        "Client.UnauthorizedOperation",
        "You are not authorized to perform this operation. User: <caller> is not authorized to perform: <api>. Encoded authorization failure message: <base62:560>",
    ),
    ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    (
        "ValidationException",
        "1 validation error detected: value '<system>' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64",
    ),
    ("NoSuchEntity", "The role with name <system>-<part> cannot be found."),
];

/// User agents of machines.
pub(crate) const AGENTS: [&str; 6] = [
    "Boto3/1.40.49 md/Botocore#1.40.49 ua/2.1 os/linux#6.1.147 md/arch#aarch64 lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.40.49",
    "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.7 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.254.1",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.15.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.7 md/GOOS#linux md/GOARCH#amd64",
    "aws-cli/2.31.11 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.147 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython md/installer#exe md/command#ec2.describe-instances",
    "aws-sdk-java/2.33.11 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.147 lang/java#21.0.8 md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS md/vendor#Amazon.com_Inc. exec-env/AWS_ECS_FARGATE",
    "aws-sdk-js/3.899.0 ua/2.1 os/linux#5.10 lang/js md/nodejs#22.19.0 exec-env/AWS_Lambda_nodejs22.x api/dynamodb#3.899.0",
];
/// The user agent of people.
pub(crate) const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
