//! A CloudTrail record as AWS writes it: the members that Lapwing reads, by the names of the record contents reference.
//!
//! Unknown members are skipped at every level, so that a new `eventVersion` needs nothing here.

use super::caller::Caller;
use super::field::{Flag, List, Number, Raw, Text, object};

object! {
    /// A record of any kind: management, data, network activity, Insights, aggregated.
    Record<'a> {
        id: Text<'a> = "eventID" | "eventId",
        time: Text<'a> = "eventTime",
        source: Text<'a> = "eventSource",
        name: Text<'a> = "eventName",
        kind: Text<'a> = "eventType",
        category: Text<'a> = "eventCategory",
        region: Text<'a> = "awsRegion",
        recipient: Text<'a> = "recipientAccountId",
        // Aggregated events write the recipient so.
        account: Text<'a> = "accountId",
        address: Text<'a> = "sourceIPAddress",
        user_agent: Text<'a> = "userAgent",
        error_code: Text<'a> = "errorCode",
        error_message: Text<'a> = "errorMessage",
        read_only: Flag = "readOnly",
        shared_id: Text<'a> = "sharedEventID",
        vpc_endpoint: Text<'a> = "vpcEndpointId",
        console: Flag = "sessionCredentialFromConsole",
        caller: Caller = "userIdentity",
        request: Raw<'a> = "requestParameters",
        response: Raw<'a> = "responseElements",
        extra: Raw<'a> = "additionalEventData",
        insight: Insight<'a> = "insightDetails",
        addendum: Addendum<'a> = "addendum",
        window: TimeWindow<'a> = "timeWindow",
        summary: Summary<'a> = "summary",
    }
}

object! {
    /// Who made the call.
    UserIdentity<'a> {
        kind: Text<'a> = "type",
        principal_id: Text<'a> = "principalId",
        arn: Text<'a> = "arn",
        account: Text<'a> = "accountId",
        access_key: Text<'a> = "accessKeyId",
        user_name: Text<'a> = "userName",
        invoked_by: Text<'a> = "invokedBy",
        session: SessionContext<'a> = "sessionContext",
        on_behalf_of: OnBehalfOf<'a> = "onBehalfOf",
    }
}

object! {
    /// The session of temporary credentials.
    SessionContext<'a> {
        issuer: SessionIssuer<'a> = "sessionIssuer",
        attributes: SessionAttributes<'a> = "attributes",
        source_identity: Text<'a> = "sourceIdentity",
        web: WebIdentity<'a> = "webIdFederationData",
    }
}

object! {
    /// Who vouched for the session, where an identity provider did.
    WebIdentity<'a> {
        provider: Text<'a> = "federatedProvider",
    }
}

object! {
    /// The role or user that the session was made from.
    SessionIssuer<'a> {
        arn: Text<'a> = "arn",
        account: Text<'a> = "accountId",
        user_name: Text<'a> = "userName",
    }
}

object! {
    /// The Identity Center user for whom a call was made.
    OnBehalfOf<'a> {
        user_id: Text<'a> = "userId",
    }
}

object! {
    /// What an Insights event is about. It has no name and no caller of its own.
    Insight<'a> {
        source: Text<'a> = "eventSource",
        name: Text<'a> = "eventName",
    }
}

object! {
    /// Why a record was delivered late or again.
    Addendum<'a> {
        reason: Text<'a> = "reason",
    }
}

object! {
    /// The five minutes that an aggregated event sums up.
    TimeWindow<'a> {
        start: Text<'a> = "windowStart",
    }
}

object! {
    /// The counts of an aggregated event.
    Summary<'a> {
        primary: Dimension<'a> = "primaryDimension",
        details: List<Dimension<'a>> = "details",
    }
}

object! {
    /// Counts of calls by one dimension.
    Dimension<'a> {
        name: Text<'a> = "dimension",
        statistics: List<Statistic<'a>> = "statistics",
    }
}

object! {
    /// How many calls had one value of a dimension.
    Statistic<'a> {
        name: Text<'a> = "name",
        value: Number = "value",
    }
}

object! {
    /// Attributes of a session.
    SessionAttributes<'a> {
        mfa: Flag = "mfaAuthenticated",
        created: Text<'a> = "creationDate",
    }
}

object! {
    /// What `responseElements` of a `ConsoleLogin` says.
    LoginResponse<'a> {
        outcome: Text<'a> = "ConsoleLogin",
    }
}

object! {
    /// What `additionalEventData` of a `ConsoleLogin` says.
    LoginExtra<'a> {
        mfa_used: Flag = "MFAUsed",
        saml_provider: Text<'a> = "SamlProviderArn",
    }
}

object! {
    /// An EventBridge event around a record.
    BridgeEvent<'a> {
        account: Text<'a> = "account",
        region: Text<'a> = "region",
        detail: Raw<'a> = "detail",
    }
}

object! {
    /// One of the `Events` of `LookupEvents`: the record is JSON in a string.
    LookupEvent<'a> {
        record: Raw<'a> = "CloudTrailEvent",
    }
}

impl Dimension<'_> {
    /// How many calls were counted by this dimension.
    pub(super) fn calls(&self) -> i64 {
        self.statistics
            .0
            .iter()
            .filter_map(|statistic| statistic.value.0)
            .fold(0, |sum, n| sum.saturating_add(n.max(0)))
    }
}
