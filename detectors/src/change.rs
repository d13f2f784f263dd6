//! Calls that change what functions run, may do, or reach.

use crate::rule::Key;

/// What may fail after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touches {
    /// One function, which the call names.
    Function,
    /// What a role may do, or who may use a key, a bucket, a secret: those are refused who could before.
    Rights,
    /// What can be reached over the network.
    Network,
}

/// A call that changes something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    key: Key,
    pub(crate) touches: Touches,
    /// The member of the request that names what is changed.
    pub(crate) member: &'static str,
}

const fn of(service: &'static str, name: &'static str, (touches, member): (Touches, &'static str)) -> Change {
    Change { key: Key { service, name }, touches, member }
}

const FUNCTION: (Touches, &str) = (Touches::Function, "functionName");
const ROLE: (Touches, &str) = (Touches::Rights, ROLE_NAME);
const POLICY: (Touches, &str) = (Touches::Rights, "policyArn");
const KEY: (Touches, &str) = (Touches::Rights, "keyId");
const BUCKET: (Touches, &str) = (Touches::Rights, "bucketName");
const SECRET: (Touches, &str) = (Touches::Rights, "secretId");
const TABLE: (Touches, &str) = (Touches::Rights, "resourceArn");
const GROUP: (Touches, &str) = (Touches::Network, "groupId");
const ACL: (Touches, &str) = (Touches::Network, "networkAclId");
const ROUTES: (Touches, &str) = (Touches::Network, "routeTableId");

/// The member that names a role.
pub(crate) const ROLE_NAME: &str = "roleName";

/// What adds a right or opens a way is here as well: a policy that denies, or a route into nowhere, is added.
static CHANGES: [Change; 60] = [
    of("lambda", "CreateAlias", FUNCTION),
    of("lambda", "CreateEventSourceMapping", FUNCTION),
    of("lambda", "CreateFunction", FUNCTION),
    of("lambda", "DeleteAlias", FUNCTION),
    of("lambda", "DeleteFunctionConcurrency", FUNCTION),
    of("lambda", "DeleteProvisionedConcurrencyConfig", FUNCTION),
    of("lambda", "PublishVersion", FUNCTION),
    of("lambda", "PutFunctionConcurrency", FUNCTION),
    of("lambda", "PutFunctionEventInvokeConfig", FUNCTION),
    of("lambda", "PutFunctionRecursionConfig", FUNCTION),
    of("lambda", "PutProvisionedConcurrencyConfig", FUNCTION),
    of("lambda", "PutRuntimeManagementConfig", FUNCTION),
    of("lambda", "UpdateAlias", FUNCTION),
    of("lambda", "UpdateEventSourceMapping", FUNCTION),
    of("lambda", "UpdateFunctionCode", FUNCTION),
    of("lambda", "UpdateFunctionConfiguration", FUNCTION),
    of("lambda", "UpdateFunctionEventInvokeConfig", FUNCTION),
    of("iam", "AttachRolePolicy", ROLE),
    of("iam", "DeleteRole", ROLE),
    of("iam", "DeleteRolePermissionsBoundary", ROLE),
    of("iam", "DeleteRolePolicy", ROLE),
    of("iam", "DetachRolePolicy", ROLE),
    of("iam", "PutRolePermissionsBoundary", ROLE),
    of("iam", "PutRolePolicy", ROLE),
    of("iam", "UpdateAssumeRolePolicy", ROLE),
    of("iam", "CreatePolicyVersion", POLICY),
    of("iam", "DeletePolicy", POLICY),
    of("iam", "DeletePolicyVersion", POLICY),
    of("iam", "SetDefaultPolicyVersion", POLICY),
    of("kms", "DisableKey", KEY),
    of("kms", "PutKeyPolicy", KEY),
    of("kms", "RetireGrant", KEY),
    of("kms", "RevokeGrant", KEY),
    of("kms", "ScheduleKeyDeletion", KEY),
    of("s3", "DeleteBucketPolicy", BUCKET),
    of("s3", "PutBucketPolicy", BUCKET),
    of("secretsmanager", "DeleteResourcePolicy", SECRET),
    of("secretsmanager", "DeleteSecret", SECRET),
    of("secretsmanager", "PutResourcePolicy", SECRET),
    of("dynamodb", "DeleteResourcePolicy", TABLE),
    of("dynamodb", "PutResourcePolicy", TABLE),
    of("ec2", "AuthorizeSecurityGroupEgress", GROUP),
    of("ec2", "AuthorizeSecurityGroupIngress", GROUP),
    of("ec2", "DeleteSecurityGroup", GROUP),
    of("ec2", "ModifySecurityGroupRules", GROUP),
    of("ec2", "RevokeSecurityGroupEgress", GROUP),
    of("ec2", "RevokeSecurityGroupIngress", GROUP),
    of("ec2", "CreateNetworkAclEntry", ACL),
    of("ec2", "DeleteNetworkAclEntry", ACL),
    of("ec2", "ReplaceNetworkAclAssociation", ACL),
    of("ec2", "ReplaceNetworkAclEntry", ACL),
    of("ec2", "CreateRoute", ROUTES),
    of("ec2", "DeleteRoute", ROUTES),
    of("ec2", "DisassociateRouteTable", (Touches::Network, "associationId")),
    of("ec2", "ReplaceRoute", ROUTES),
    of("ec2", "ReplaceRouteTableAssociation", ROUTES),
    of("ec2", "DeleteNatGateway", (Touches::Network, "natGatewayId")),
    of("ec2", "DeleteVpcEndpoints", (Touches::Network, "vpcEndpointId")),
    of("ec2", "DetachInternetGateway", (Touches::Network, "internetGatewayId")),
    of("ec2", "ModifyVpcEndpoint", (Touches::Network, "vpcEndpointId")),
];

/// All of them, to be found by.
pub(crate) static KEYS: [Key; CHANGES.len()] = {
    let mut keys = [CHANGES[0].key; CHANGES.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = CHANGES[at].key;
        at += 1;
    }
    keys
};

/// The change that a call makes, if it makes one.
#[must_use]
pub(crate) fn change(service: &str, name: &str) -> Option<&'static Change> {
    CHANGES.iter().find(|change| change.key.name == name && change.key.service == service)
}
