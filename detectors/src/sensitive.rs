//! APIs that hand out secrets, credentials, rights or data: one that a principal never used is worth more than a look.

/// Is an API a sensitive one?
#[must_use]
pub(crate) fn is_sensitive(service: &str, name: &str) -> bool {
    match service {
        "secretsmanager" => matches!(name, "GetSecretValue" | "BatchGetSecretValue" | "PutResourcePolicy"),
        "ssm" => is_parameter_or_session(name),
        "iam" => is_iam_write(name),
        "sts" => matches!(name, "GetFederationToken" | "GetSessionToken" | "AssumeRoot"),
        "ec2" => is_instance_or_image(name),
        "lambda" => {
            matches!(name, "GetFunction" | "UpdateFunctionCode" | "AddPermission" | "CreateFunctionUrlConfig")
                || matches!(name, "UpdateFunctionConfiguration" | "AddLayerVersionPermission")
        }
        "kms" => matches!(name, "PutKeyPolicy" | "CreateGrant" | "ScheduleKeyDeletion" | "DisableKey"),
        "s3" => matches!(name, "PutBucketPolicy" | "PutBucketAcl" | "DeletePublicAccessBlock" | "PutBucketReplication"),
        "rds" => matches!(name, "DownloadDBLogFilePortion" | "ModifyDBSnapshotAttribute" | "CopyDBSnapshot"),
        "redshift" => matches!(name, "GetClusterCredentials" | "GetClusterCredentialsWithIAM"),
        "dynamodb" => name == "ExportTableToPointInTime",
        "ecr" => matches!(name, "SetRepositoryPolicy" | "PutImage"),
        "organizations" => matches!(name, "LeaveOrganization" | "InviteAccountToOrganization" | "DetachPolicy"),
        "cognito-identity" => name == "GetCredentialsForIdentity",
        "sso-directory" | "identitystore" => {
            matches!(name, "CreateUser" | "AddMemberToGroup" | "CreateGroupMembership")
        }
        _ => false,
    }
}

fn is_parameter_or_session(name: &str) -> bool {
    matches!(name, "GetParameter" | "GetParameters" | "GetParametersByPath" | "GetParameterHistory")
        || matches!(
            name,
            "SendCommand" | "StartSession" | "ResumeSession" | "CreateAssociation" | "ModifyDocumentPermission"
        )
}

fn is_iam_write(name: &str) -> bool {
    let about_rights =
        name.ends_with("Policy") || name.ends_with("PolicyVersion") || name.ends_with("PermissionsBoundary");
    let changes =
        ["Attach", "Put", "Create", "SetDefault", "Delete", "Detach"].iter().any(|verb| name.starts_with(verb));
    about_rights && changes
        || matches!(name, "CreateAccessKey" | "UpdateAccessKey" | "CreateLoginProfile" | "UpdateLoginProfile")
        || matches!(name, "CreateUser" | "AddUserToGroup" | "CreateRole" | "UpdateAssumeRolePolicy" | "PassRole")
        || matches!(name, "AddRoleToInstanceProfile" | "CreateServiceSpecificCredential" | "UploadSigningCertificate")
        || matches!(
            name,
            "DeactivateMFADevice" | "DeleteVirtualMFADevice" | "CreateVirtualMFADevice" | "EnableMFADevice"
        )
        || matches!(name, "CreateSAMLProvider" | "UpdateSAMLProvider" | "CreateOpenIDConnectProvider")
}

fn is_instance_or_image(name: &str) -> bool {
    matches!(name, "GetPasswordData" | "CreateKeyPair" | "ImportKeyPair" | "AssociateIamInstanceProfile")
        || matches!(name, "ModifySnapshotAttribute" | "ModifyImageAttribute" | "CreateInstanceExportTask")
        || matches!(name, "SendSerialConsoleSSHPublicKey" | "EnableSerialConsoleAccess" | "GetLaunchTemplateData")
        || matches!(name, "ReplaceIamInstanceProfileAssociation" | "AuthorizeSecurityGroupIngress" | "ExportImage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sensitive() {
        for (service, name, sensitive) in [
            ("secretsmanager", "GetSecretValue", true),
            ("secretsmanager", "DescribeSecret", false),
            ("iam", "PutRolePolicy", true),
            ("iam", "GetRolePolicy", false),
            ("iam", "ListPolicies", false),
            ("iam", "CreatePolicyVersion", true),
            ("ec2", "GetPasswordData", true),
            ("ec2", "DescribeInstances", false),
            ("s3", "GetObject", false),
        ] {
            assert_eq!(is_sensitive(service, name), sensitive, "{service}:{name}");
        }
    }
}
