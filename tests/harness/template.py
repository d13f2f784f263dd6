"""What infra/template.yaml lets the function do."""

from pathlib import Path

from cfnlint.decode.cfn_yaml import load

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"


def role_statements():
    """Every statement of the function's role, also the conditional ones: {"sid", "actions", "resource"}."""
    role = load(str(TEMPLATE))["Resources"]["Role"]["Properties"]
    statements = []
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
            actions = statement["Action"]
            statements.append({
                "sid": statement["Sid"],
                "actions": actions if isinstance(actions, list) else [actions],
                "resource": statement["Resource"],
            })
    return statements
