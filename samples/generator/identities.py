"""`userIdentity` in the shapes that CloudTrail writes, and the ids of IAM."""

import hashlib

from generator.clock import show
from generator.dice import BASE32


def iam_id(prefix, name):
    """A unique id of IAM (`AROA…`) that is always the same for a name."""
    digest = hashlib.sha256(f"{prefix}/{name}".encode()).digest()
    return prefix + "".join(BASE32[b & 31] for b in digest[:17])


def key_id(prefix, name):
    """An access key id that nobody can take for a real one: it ends in EXAMPLE."""
    return iam_id(prefix, f"key/{name}")[:13] + "EXAMPLE"


def iam_user(account, name, session=None):
    """An IAM user with an access key; `session` is the instant of a console session's beginning, if it is one."""
    who = {
        "type": "IAMUser",
        "principalId": iam_id("AIDA", f"{account}/{name}"),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": key_id("AKIA" if session is None else "ASIA", f"{account}/{name}/{session}"),
        "userName": name,
    }
    if session is not None:
        who["sessionContext"] = {"attributes": {"creationDate": show(session), "mfaAuthenticated": "true"}}
    return who


def role(account, name, session, began, path="/"):
    """A session of a role, such as `etl-nightly/i-0a1b…`, that began at an instant."""
    issuer = iam_id("AROA", f"{account}/{name}")
    return {
        "type": "AssumedRole",
        "principalId": f"{issuer}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key_id("ASIA", f"{account}/{name}/{session}/{began}"),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": issuer,
                "arn": f"arn:aws:iam::{account}:role{path}{name}",
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": show(began), "mfaAuthenticated": "false"},
        },
    }


def instance(account, name, instance_id, began):
    """A role on an EC2 instance: the session is named after the instance."""
    who = role(account, name, instance_id, began)
    who["sessionContext"]["ec2RoleDelivery"] = "2.0"
    return who


def pipeline(account, name, run, began):
    """A role taken by a build pipeline over OpenID Connect."""
    who = role(account, name, run, began)
    who["sessionContext"]["webIdFederationData"] = {
        "federatedProvider": f"arn:aws:iam::{account}:oidc-provider/token.builds.example.com",
        "attributes": {},
    }
    return who


def sso_person(account, permission_set, email, began):
    """A person behind Identity Center."""
    region = "eu-west-1"
    suffix = hashlib.sha256(f"{account}/{permission_set}".encode()).hexdigest()[:16]
    name = f"AWSReservedSSO_{permission_set}_{suffix}"
    return role(account, name, email, began, f"/aws-reserved/sso.amazonaws.com/{region}/")


def linked_role(account, name, service, session, began):
    """A service behind its service-linked role: `invokedBy` names it."""
    who = role(account, name, session, began, f"/aws-service-role/{service}.amazonaws.com/")
    who["invokedBy"] = f"{service}.amazonaws.com"
    return who


def service(name):
    """A service that acts for itself."""
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


def root(account, session=None):
    """The root user, with the instant at which its console session began, if it has one yet."""
    who = {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account}
    who["accessKeyId"] = "" if session is None else key_id("ASIA", f"{account}/root/{session}")
    if session is not None:
        who["sessionContext"] = {"attributes": {"creationDate": show(session), "mfaAuthenticated": "true"}}
    return who
