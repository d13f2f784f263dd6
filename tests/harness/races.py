"""Can the stand-in itself be trusted with many writers? What it loses, no program behind it could keep."""

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def race(endpoint, table, writers, rounds):
    """Every writer adds one, again and again: to `added` with ADD, and to `compared` where nobody else did meanwhile.

    {"added": what the table holds, "compared": the same, "wins": how many comparisons held, "wanted": what was added}
    """
    config = Config(max_pool_connections=writers, retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="eu-west-1", config=config)

    def write(_):
        wins = 0
        for _ in range(rounds):
            one = {":one": {"N": "1"}}
            client.update_item(
                TableName=table, Key=_key("added"), UpdateExpression="ADD n :one", ExpressionAttributeValues=one
            )
            wins += _compare(client, table)
        return wins

    with ThreadPoolExecutor(writers) as pool:
        wins = sum(pool.map(write, range(writers)))
    added, compared = _count(client, table, "added"), _count(client, table, "compared")
    return {"added": added, "compared": compared, "wins": wins, "wanted": writers * rounds}


def _compare(client, table):
    """One attempt to add one where nobody else did since it was read."""
    before = _count(client, table, "compared")
    try:
        client.put_item(
            TableName=table, Item={**_key("compared"), "n": {"N": str(before + 1)}},
            ConditionExpression="attribute_not_exists(p) OR n = :before",
            ExpressionAttributeValues={":before": {"N": str(before)}},
        )
        return True
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False


def _key(sort):
    return {"p": {"S": "race"}, "s": {"S": sort}}


def _count(client, table, sort):
    item = client.get_item(TableName=table, Key=_key(sort), ConsistentRead=True).get("Item")
    return int(item["n"]["N"]) if item else 0
