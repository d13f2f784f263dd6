"""The containers in which logs are delivered or downloaded, as file names and bytes."""

import csv
import gzip
import io
import json
import zlib

from generator.clock import at, show


def dump(value):
    """Compact JSON, as AWS writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def zipped(text):
    """The text as gzip, without a time or a file name in its header."""
    out = bytearray(gzip.compress(text.encode(), 9, mtime=0))
    out[9] = 255  # "unknown operating system": the same wherever it is written
    return bytes(out)


def unzipped(data):
    """What is in a gzip file; other bytes as they are."""
    if data[:2] != b"\x1f\x8b":
        return data
    return zlib.decompressobj(31).decompress(data)


def s3_key(account, region, delivered, token):
    """The key of a log file as CloudTrail delivers it to S3."""
    folder = f"AWSLogs/{account}/CloudTrail/{region}/{show(delivered, '%Y/%m/%d')}"
    return f"{folder}/{account}_CloudTrail_{region}_{show(delivered, '%Y%m%dT%H%MZ')}_{token}.json.gz"


def s3_file(records):
    """A log file as CloudTrail delivers it to S3."""
    return zipped(dump({"Records": records}))


def s3_files(dice, records, minutes):
    """The records of one account and Region as files that end every so many minutes."""
    files, batch, step = {}, [], minutes * 60
    records = sorted(records, key=lambda r: r["eventTime"])
    spans = [_seconds(r) // step for r in records]
    for i, record in enumerate(records):
        batch.append(record)
        if i + 1 == len(records) or spans[i + 1] != spans[i]:
            name = s3_key(record["recipientAccountId"], record["awsRegion"], (spans[i] + 1) * step, dice.base32(16))
            files[name] = s3_file(batch)
            batch = []
    return files


def _seconds(record):
    return at(record["eventTime"][:10], record["eventTime"][11:19])


def json_lines(values):
    """One JSON value a line."""
    return "".join(dump(v) + "\n" for v in values)


class LogStream:
    """A stream of CloudWatch Logs: turns (milliseconds, message) into log events in the shape of a container."""

    def __init__(self, dice, account, group, stream):
        self.dice, self.account, self.group, self.stream = dice, account, group, stream

    def _ids(self, lines):
        """Ids of 56 digits: the time, then the batch, then the place in the batch."""
        batch = int(self.dice.hex(34), 16) << 8
        return [str((ms << 144) + batch + i) for i, (ms, _) in enumerate(lines)]

    def payload(self, lines):
        """What a subscription delivers, inflated and decoded."""
        ids = self._ids(lines)
        return {
            "messageType": "DATA_MESSAGE",
            "owner": self.account,
            "logGroup": self.group,
            "logStream": self.stream,
            "subscriptionFilters": ["lapwing"],
            "logEvents": [{"id": i, "timestamp": ms, "message": text} for i, (ms, text) in zip(ids, lines)],
        }

    def payloads(self, lines, size):
        """The lines as payloads of at most so many log events."""
        return [self.payload(lines[i : i + size]) for i in range(0, len(lines), size)]

    def filtered(self, lines):
        """What `aws logs filter-log-events` prints."""
        ids = self._ids(lines)
        events = [
            {"logStreamName": self.stream, "timestamp": ms, "message": text, "ingestionTime": ms + 1742, "eventId": i}
            for i, (ms, text) in zip(ids, lines)
        ]
        return json.dumps({"events": events, "searchedLogStreams": []}, indent=1, ensure_ascii=False) + "\n"


def trail_lines(records):
    """CloudTrail records as log lines, a few minutes after they happened."""
    return [((_seconds(r) + 287) * 1000, dump(r)) for r in records]


def console_csv(lines):
    """What the console of CloudWatch Logs downloads from its list of log events."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["timestamp", "message"])
    table.writerows(lines)
    return out.getvalue()
