"""CloudTrail records, in the order of members in which CloudTrail writes them."""

from generator.clock import show

AGENTS = {
    "cli": "aws-cli/2.31.11 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.147 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython",
    "boto": "Boto3/1.40.49 md/Botocore#1.40.49 ua/2.1 os/linux#6.1.147 md/arch#aarch64 lang/python#3.13.7 Botocore/1.40.49",
    "terraform": "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.15.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.7",
    "java": "aws-sdk-java/2.33.11 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.147 lang/java#21.0.8 md/vendor#Amazon",
    "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "ssm": "aws-sdk-go/1.55.7 (go1.24.6; linux; amd64) amazon-ssm-agent/3.3.2656.0",
}
READS = ("Describe", "Get", "List", "Lookup", "Head", "BatchGet", "Search", "Decrypt", "AssumeRole", "GenerateDataKey")
DENIED_CODES = {
    "ec2": "Client.UnauthorizedOperation",
    "sns": "AuthorizationErrorException",
    **dict.fromkeys(["s3", "iam", "sts", "rds", "autoscaling", "monitoring", "cloudformation"], "AccessDenied"),
}


class Trail:
    """Writes the records of one account and Region."""

    def __init__(self, dice, account, region):
        self.dice, self.account, self.region = dice, account, region

    def call(self, time, who, api, source, **members):
        """A call of `service:Name`; `source` is the address and the key of the user agent.

        Further members: `request`, `response`, `extra`, `error` (code and message), and any member of a record.
        """
        service, name = api.split(":")
        address, agent = source
        region = members.pop("region", self.region)
        record = {
            "eventVersion": members.pop("version", "1.10" if service in ("ec2", "lambda") else "1.09"),
            "userIdentity": who,
            "eventTime": show(time),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": address,
            "userAgent": AGENTS.get(agent, agent),
        }
        error = members.pop("error", None)
        if error:
            record["errorCode"], record["errorMessage"] = error
        record["requestParameters"] = members.pop("request", None)
        record["responseElements"] = members.pop("response", None)
        if "extra" in members:
            record["additionalEventData"] = members.pop("extra")
        record["requestID"] = self.dice.uuid()
        record["eventID"] = self.dice.uuid()
        record["readOnly"] = name.startswith(READS)
        record["eventType"] = "AwsApiCall"
        record["managementEvent"] = True
        record["recipientAccountId"] = self.account
        record["eventCategory"] = "Management"
        if not address.endswith(".amazonaws.com") and address != "AWS Internal":
            record["tlsDetails"] = {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": f"{service}.{region}.amazonaws.com",
            }
        if agent == "browser":
            record["sessionCredentialFromConsole"] = "true"
        return record | members

    def denied(self, time, who, api, source, **members):
        """A call that was refused; `resource` is the ARN in the message."""
        service, name = api.split(":")
        resource = members.pop("resource", "*")
        reason = f"is not authorized to perform: {service}:{name} on resource: {resource} because no identity-based policy allows the {service}:{name} action"
        text = f"User: {who['arn']} {reason}"
        if service == "ec2":
            text = f"You are not authorized to perform this operation. {text}. Encoded authorization failure message: {self.dice.hex(96)}"
        error = DENIED_CODES.get(service, "AccessDeniedException"), text
        return self.call(time, who, api, source, error=error, **members)

    def login(self, time, who, address, **result):
        """A sign-in at the console: `ok`, `mfa` (`Yes` or `No`) and, of a failure, `message`."""
        ok = result["ok"]
        members = {"eventType": "AwsConsoleSignIn", "readOnly": False, "version": "1.10"}
        if not ok:
            members["error"] = None, result.get("message", "Failed authentication")
        record = self.call(
            time,
            who,
            "signin:ConsoleLogin",
            (address, "browser"),
            response={"ConsoleLogin": "Success" if ok else "Failure"},
            extra={
                "LoginTo": "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_eu-west-1_" + self.dice.hex(16),
                "MobileVersion": "No",
                "MFAUsed": result.get("mfa", "No"),
            },
            **members,
        )
        for member in ("errorCode", "requestID", "sessionCredentialFromConsole"):
            record.pop(member, None)
        record["tlsDetails"]["clientProvidedHostHeader"] = "eu-west-1.signin.aws.amazon.com"
        return record


def signing_in(who):
    """The identity as a sign-in record has it: there is no session yet, and no key."""
    return {k: v for k, v in who.items() if k not in ("accessKeyId", "sessionContext")}


def refused(account, user):
    """The identity of a failed sign-in: no ARN, and an empty key."""
    return {"type": "IAMUser", "principalId": "AIDACKCEVSQ6C2EXAMPLE", "accountId": account, "accessKeyId": "", "userName": user}


def nobody(account):
    """The identity of a failed sign-in with a user name that does not exist."""
    return {"type": "IAMUser", "accountId": account, "accessKeyId": "", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
