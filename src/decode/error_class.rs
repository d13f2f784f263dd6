//! Which class an error code belongs to. Explicit lists decide: a pattern such as `*Auth*` would take
//! `AuthorizationPendingException`, the constant noise of a device sign-in, for a refusal.
//!
//! The lists hold codes without `Client.` or `Server.` before them and without one `Exception`, `Fault` or `Error`
//! after them, because services and versions of one service differ in just that.

use lapwing_detectors::event::ErrorClass;
use memchr::memmem;

/// How much of a message is looked at: CloudTrail cuts messages at 1 KB, other sources may not.
const MESSAGE_WINDOW: usize = 2048;

/// The class of a failed call.
///
/// `code` is `errorCode` as recorded, `message` is `errorMessage`; either may be empty, and both empty means that
/// nothing failed. A code that no list knows is [`ErrorClass::NotFoundOrInvalid`], unless the message says that the
/// caller was not authorized.
///
/// ```
/// use lapwing::decode::error_class::classify;
/// use lapwing_detectors::event::ErrorClass;
///
/// assert_eq!(classify("Client.UnauthorizedOperation", ""), ErrorClass::Denied);
/// assert_eq!(classify("Client.DryRunOperation", ""), ErrorClass::NotAnError);
/// ```
#[must_use]
pub fn classify(code: &str, message: &str) -> ErrorClass {
    if code.is_empty() {
        return by_message(message);
    }
    let (bare, is_server) = match code.strip_prefix("Server.") {
        Some(rest) => (rest, true),
        None => (code.strip_prefix("Client.").unwrap_or(code), false),
    };
    let bare = strip_suffix(bare);
    if is_not_an_error(bare) {
        ErrorClass::NotAnError
    } else if is_denied(bare) {
        ErrorClass::Denied
    } else if is_authentication(bare) {
        ErrorClass::Authentication
    } else if is_throttled(bare) {
        ErrorClass::Throttled
    } else if is_false_friend(bare) {
        ErrorClass::NotFoundOrInvalid
    } else if says_denied(message) {
        ErrorClass::Denied
    } else if is_server || is_server_fault(bare) {
        ErrorClass::ServerFault
    } else {
        ErrorClass::NotFoundOrInvalid
    }
}

/// Without a code only the message can tell: a failed sign-in to the console has no code.
fn by_message(message: &str) -> ErrorClass {
    match message {
        "" => ErrorClass::NotAnError,
        "Failed authentication" | "No username found in supplied account" => ErrorClass::Authentication,
        _ if says_denied(message) => ErrorClass::Denied,
        _ if memmem::find(window(message), b"Rate exceeded").is_some() => ErrorClass::Throttled,
        _ => ErrorClass::NotFoundOrInvalid,
    }
}

fn strip_suffix(code: &str) -> &str {
    ["Exception", "Fault", "Error"]
        .into_iter()
        .find_map(|suffix| code.strip_suffix(suffix))
        .filter(|bare| !bare.is_empty())
        .unwrap_or(code)
}

fn window(message: &str) -> &[u8] {
    &message.as_bytes()[..message.len().min(MESSAGE_WINDOW)]
}

/// Identity policies, service control policies and boundaries all use these words.
fn says_denied(message: &str) -> bool {
    let window = window(message);
    memmem::find(window, b"not authorized to perform").is_some() || memmem::find(window, b"explicit deny").is_some()
}

fn is_not_an_error(bare: &str) -> bool {
    matches!(bare, "DryRunOperation" | "AuthorizationPending")
}

/// Every exception shape that means a refusal in the models of the AWS SDK for Python (botocore 1.43).
fn is_denied(bare: &str) -> bool {
    matches!(
        bare,
        "AccessDenied"
            | "AccessDeniedForDependency"
            | "AccessForbidden"
            | "Authorization"
            | "AuthorizationError"
            | "CloudHsmAccessDenied"
            | "DependencyAccessDenied"
            | "EC2AccessDenied"
            | "EncryptionKeyAccessDenied"
            | "Forbidden"
            | "InvalidAccess"
            | "KMSAccessDenied"
            | "KmsAccessDenied"
            | "NotAuthorized"
            | "OpsItemAccessDenied"
            | "OrganizationAccessDenied"
            | "S3AccessDenied"
            | "SNSNoAuthorization"
            | "Unauthorized"
            | "UnauthorizedClient"
            | "UnauthorizedOperation"
            | "UnauthorizedResourceAccess"
            | "VpceAccessDenied"
    )
}

fn is_authentication(bare: &str) -> bool {
    matches!(
        bare,
        "AuthFailure"
            | "CloudTrailInvalidClientTokenId"
            | "ExpiredToken"
            | "Failed authentication"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientToken"
            | "InvalidClientTokenId"
            | "InvalidSignature"
            | "InvalidToken"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClient"
    )
}

fn is_throttled(bare: &str) -> bool {
    matches!(
        bare,
        "BandwidthLimitExceeded"
            | "EC2Throttled"
            | "ProvisionedThroughputExceeded"
            | "Rate exceeded"
            | "RateExceeded"
            | "RateLimitExceeded"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "SlowDown"
            | "Throttled"
            | "Throttling"
            | "TooManyRequests"
    )
}

/// Codes that speak of authorization or access and are no refusal; their messages may use its words.
fn is_false_friend(bare: &str) -> bool {
    matches!(
        bare,
        "AuthorizationAlreadyExists"
            | "AuthorizationNotFound"
            | "AuthorizationQuotaExceeded"
            | "ConcurrentAccess"
            | "InvalidAuthorizationMessage"
            | "KMSInvalidSignature"
            | "OptInRequired"
            | "TooManyVPCAssociationAuthorizations"
            | "TrimmedDataAccess"
    )
}

fn is_server_fault(bare: &str) -> bool {
    matches!(
        bare,
        "Internal"
            | "InternalFailure"
            | "InternalServer"
            | "InternalServerError"
            | "InternalService"
            | "InternalServiceError"
            | "ServerInternal"
            | "Service"
            | "ServiceFailure"
            | "ServiceUnavailable"
            | "Unavailable"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, message: &str, expected: ErrorClass) {
        assert_eq!(classify(code, message), expected, "{code:?} {message:?}");
    }

    #[test]
    fn refusals() {
        for code in "
            AccessDenied AccessDeniedException AccessDeniedFault AccessDeniedForDependencyException
            AccessForbidden AuthorizationError AuthorizationErrorException Client.UnauthorizedOperation
            CloudHsmAccessDeniedException DependencyAccessDeniedException EC2AccessDeniedException
            EncryptionKeyAccessDeniedException ForbiddenError ForbiddenException InvalidAccessException
            KMSAccessDenied KMSAccessDeniedException KMSAccessDeniedFault KmsAccessDenied
            KmsAccessDeniedException NotAuthorizedException OpsItemAccessDeniedException
            OrganizationAccessDeniedException S3AccessDeniedFault SNSNoAuthorization
            UnauthorizedClientException UnauthorizedError UnauthorizedException UnauthorizedOperation
            UnauthorizedOperationException UnauthorizedResourceAccessException VpceAccessDenied
        "
        .split_whitespace()
        {
            check(code, "", ErrorClass::Denied);
        }
    }

    #[test]
    fn refusals_that_only_the_message_tells() {
        let user = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:GetObject";
        check("ValidationError", user, ErrorClass::Denied);
        check("InternalFailure", "with an explicit deny in a service control policy", ErrorClass::Denied);
        check("", user, ErrorClass::Denied);
        check("ValidationError", "name must not be empty", ErrorClass::NotFoundOrInvalid);
    }

    #[test]
    fn authentication() {
        for code in "
            AuthFailure Client.AuthFailure CloudTrailInvalidClientTokenIdException ExpiredToken
            ExpiredTokenException IncompleteSignature InvalidClientTokenException InvalidClientTokenId
            InvalidSignatureException InvalidToken MissingAuthenticationToken RequestExpired
            SignatureDoesNotMatch UnrecognizedClientException
        "
        .split_whitespace()
        {
            check(code, "", ErrorClass::Authentication);
        }
        check("", "Failed authentication", ErrorClass::Authentication);
    }

    #[test]
    fn throttling() {
        for code in "
            BandwidthLimitExceeded Client.RequestLimitExceeded ProvisionedThroughputExceededException
            RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown ThrottledException
            Throttling ThrottlingException TooManyRequestsException
        "
        .split_whitespace()
        {
            check(code, "", ErrorClass::Throttled);
        }
        check("", "Rate exceeded", ErrorClass::Throttled);
    }

    #[test]
    fn server_faults() {
        for code in "
            InternalError InternalException InternalFailure InternalFailureException InternalServerError
            InternalServerErrorException InternalServerException InternalServiceError InternalServiceException
            Server.InsufficientInstanceCapacity ServiceException ServiceUnavailable ServiceUnavailableException
            ServiceUnavailableError
        "
        .split_whitespace()
        {
            check(code, "", ErrorClass::ServerFault);
        }
    }

    #[test]
    fn false_friends() {
        for code in "
            AuthorizationAlreadyExists AuthorizationNotFound AuthorizationQuotaExceeded ConcurrentAccess
            ConcurrentAccessException InvalidAuthorizationMessageException KMSInvalidSignatureException
            OptInRequired TooManyVPCAssociationAuthorizations TrimmedDataAccessException
        "
        .split_whitespace()
        {
            check(code, "", ErrorClass::NotFoundOrInvalid);
            check(code, "you are not authorized to perform this", ErrorClass::NotFoundOrInvalid);
        }
    }

    #[test]
    fn the_rest() {
        check("", "", ErrorClass::NotAnError);
        check("Client.DryRunOperation", "Request would have succeeded", ErrorClass::NotAnError);
        check("AuthorizationPendingException", "", ErrorClass::NotAnError);
        for code in ["NoSuchBucket", "ResourceNotFoundException", "accessdenied", "Exception", "Client.", "é"] {
            check(code, "", ErrorClass::NotFoundOrInvalid);
        }
        check("NoSuchKey", &"é".repeat(2_000), ErrorClass::NotFoundOrInvalid);
    }
}
