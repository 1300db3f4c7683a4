# SPDX-License-Identifier: MIT
"""What Lab 6 of the workshop asks of its function: each record with key and value decoded, its time in ISO 8601.

A line for each goes to rides.out beside this file, and one for each call, with how many there were, to calls.out. A
record without a key, or whose key or value is no JSON, raises.
"""
import base64
import datetime
import json
import os


def decoded(record):
    time = datetime.datetime.fromtimestamp(record["timestamp"] / 1000, datetime.timezone.utc)
    return {**record,
            "key": json.loads(base64.b64decode(record["key"], validate=True)),
            "value": json.loads(base64.b64decode(record["value"], validate=True)),
            "timestamp": time.isoformat(timespec="milliseconds"),
            "headers": [{name: bytes(byte % 256 for byte in value).decode()
                         for name, value in header.items()} for header in record["headers"]]}


def append(path, lines):
    """At once, so that those of others at the same time do not get between them."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(fd, "".join(lines).encode())
    finally:
        os.close(fd)


def handler(event, context):
    del context
    folder = os.path.dirname(os.path.abspath(__file__))
    lines = [json.dumps({"group": group, **decoded(record)}, sort_keys=True) + "\n"
             for group, records in event["records"].items() for record in records]
    append(os.path.join(folder, "rides.out"), lines)
    append(os.path.join(folder, "calls.out"), [json.dumps({"records": len(lines)}) + "\n"])
    # serverless-offline takes a result that is None, as Lambda does, for none yet
    return {"decoded": len(lines)}
