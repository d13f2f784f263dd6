"""What infra/template.yaml says of the function."""

from pathlib import Path

from cfnlint.decode.cfn_yaml import load

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"


def variables():
    """The names of the function's environment variables."""
    return list(_resource("Function")["Environment"]["Variables"])


def role_statements():
    """Every statement of the function's role, also the conditional ones: {"sid", "actions", "resource"}."""
    role = _resource("Role")
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


def _resource(name):
    return load(str(TEMPLATE))["Resources"][name]["Properties"]
