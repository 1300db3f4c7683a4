#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A DynamoDB in memory whose faults a script chooses, for tests/cli/kafka-to-dynamo.sh.

    fake_dynamo.py LOG [SCRIPT]

Prints its port and serves until its standard input ends. Each request is a line of LOG: action, number
of items, what was answered. SCRIPT has lines "ACTION FAULT...", each for the next request of that action:

    ok                      as if there was no line
    STATUS CODE             this error (the request changes nothing)
    unprocessed N           all but the first N of a batch come back unprocessed
    lost                    it is done, but the connection ends without a reply
    late N                  the connection ends without a reply, and it is done behind the next N requests
    half                    it is done, and half of the reply arrives
    short                   it is done, and the reply's length is said to be half of what it is
    empty                   it is done, and the reply has no body
    crc                     it is done, and the reply's checksum is another's
    status WORD             of DescribeTable: the table's status
    together N [FAULT...]   not before N such requests are there at once; where they do not come, it is refused
    quiet [FAULT...]        not before no request has come for a second
                            (the log has the number of requests that were there when it came, too)

GET /TABLE gives a table's items as DynamoDB's JSON, one a line, sorted. An item with an attribute
`poison` is a ValidationException. Conditions are the one that kafka-to-dynamo writes.
"""
import collections
import decimal
import json
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

decimal.getcontext().prec = 50
lock = threading.Lock()
tables = {}
log = open(sys.argv[1], "a", buffering=1)
faults = collections.defaultdict(list)
late = []
present = 0  # requests that have come and have no answer yet
came = time.monotonic()  # the last of them
barriers = {}
if len(sys.argv) > 2:
    with open(sys.argv[2]) as lines:
        for line in lines:
            action, *fault = line.split()
            faults[action].append(fault)

CONDITION = "attribute_not_exists(#o) OR #o < :o OR NOT attribute_type(#o, :t)"
ERRORS = "com.amazonaws.dynamodb.v20120810#"


class Refused(Exception):
    def __init__(self, code, message="It is so.", status=400):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def invalid(message):
    return Refused("ValidationException", message)


class Table:
    def __init__(self, request):
        self.keys = [k["AttributeName"] for k in request["KeySchema"]]
        self.request = request
        self.items = {}
        self.looks = 0

    def describe(self):
        # a table is not there at once
        self.looks += 1
        return {"Table": {**{n: self.request[n] for n in ("TableName", "KeySchema", "AttributeDefinitions")},
                          "TableStatus": "CREATING" if self.looks == 1 else "ACTIVE"}}

    def identity(self, attributes):
        parts = []
        for definition in self.request["AttributeDefinitions"]:
            name, kind = definition["AttributeName"], definition["AttributeType"]
            if kind not in attributes.get(name, {}):
                raise invalid("One or more parameter values were invalid: Missing the key " + name)
            value = attributes[name][kind]
            if not value:
                raise invalid("The AttributeValue for a key attribute cannot contain an empty string value")
            parts.append(str(decimal.Decimal(value).normalize()) if kind == "N" else value)
        return tuple(parts)

    def check_key(self, key):
        if set(key) != set(self.keys):
            raise invalid("The provided key element does not match the schema")
        return self.identity(key)

    def put(self, item):
        if "poison" in item:
            raise invalid("One or more parameter values were invalid: poison")
        self.items[self.identity(item)] = item


def check_condition(request, item):
    if "ConditionExpression" not in request:
        return
    if request["ConditionExpression"] != CONDITION:
        raise invalid("Invalid ConditionExpression")
    name = request["ExpressionAttributeNames"]["#o"]
    offset = decimal.Decimal(request["ExpressionAttributeValues"][":o"]["N"])
    there = (item or {}).get(name, {})
    if "N" in there and decimal.Decimal(there["N"]) >= offset:
        raise Refused("ConditionalCheckFailedException", "The conditional request failed")


def find(name):
    if name not in tables:
        raise Refused("ResourceNotFoundException", "Requested resource not found")
    return tables[name]


def create_table(request):
    if request["TableName"] in tables:
        raise Refused("ResourceInUseException", "Table already exists")
    tables[request["TableName"]] = Table(request)
    return {"TableDescription": {"TableStatus": "CREATING"}}


def describe_table(request):
    return find(request["TableName"]).describe()


def batch_write(request, most=25):
    (name, requests), = request["RequestItems"].items()
    table = find(name)
    if not 1 <= len(requests) <= 25:
        raise invalid("Too many items requested for the BatchWriteItem call")
    seen, todo = set(), []
    for one in requests:
        if "PutRequest" in one:
            item = one["PutRequest"]["Item"]
            if "poison" in item:
                raise invalid("One or more parameter values were invalid: poison")
            identity = table.identity(item)
        else:
            item, identity = None, table.check_key(one["DeleteRequest"]["Key"])
        if identity in seen:
            raise invalid("Provided list of item keys contains duplicates")
        seen.add(identity)
        todo.append((identity, item, one))
    for identity, item, _ in todo[:most]:
        if item is None:
            table.items.pop(identity, None)
        else:
            table.items[identity] = item
    rest = [one for _, _, one in todo[most:]]
    return {"UnprocessedItems": {name: rest} if rest else {}}


def put_item(request):
    table = find(request["TableName"])
    check_condition(request, table.items.get(table.identity(request["Item"])))
    table.put(request["Item"])
    return {}


def delete_item(request):
    table = find(request["TableName"])
    identity = table.check_key(request["Key"])
    check_condition(request, table.items.get(identity))
    table.items.pop(identity, None)
    return {}


def update_item(request):
    table = find(request["TableName"])
    identity = table.check_key(request["Key"])
    item = dict(table.items.get(identity, request["Key"]))
    check_condition(request, table.items.get(identity))
    names = request.get("ExpressionAttributeNames", {})
    values = request.get("ExpressionAttributeValues", {})
    sets, _, removes = request.get("UpdateExpression", "").partition("REMOVE ")
    for action in sets.replace("SET ", "").strip().split(","):
        if action:
            name, value = action.split("=")
            item[names[name.strip()]] = values[value.strip()]
    for name in removes.split(","):
        if name:
            item.pop(names[name.strip()], None)
    table.put(item)
    return {}


ACTIONS = {"CreateTable": create_table, "DescribeTable": describe_table, "BatchWriteItem": batch_write,
           "PutItem": put_item, "DeleteItem": delete_item, "UpdateItem": update_item}


def size_of(request):
    return sum(len(r) for r in request.get("RequestItems", {}).values()) or 1


def wait_for_others(fault):
    """What a fault says of other requests. Returns what is left of it."""
    word, *rest = fault
    if word == "together":
        count = int(rest.pop(0))
        with lock:
            barrier = barriers.setdefault(count, threading.Barrier(count))
        try:
            barrier.wait(30)
        except threading.BrokenBarrierError:
            return ["alone"]
    elif word == "quiet":
        while time.monotonic() - came < 1:
            time.sleep(0.05)
    else:
        return fault
    return rest or ["ok"]


def land():
    """Requests that were given up arrive."""
    for waiting in list(late):
        waiting[0] -= 1
        if waiting[0]:
            continue
        late.remove(waiting)
        try:
            ACTIONS[waiting[1]](waiting[2])
            log.write(f"{waiting[1]} landed\n")
        except Refused as refused:
            log.write(f"{waiting[1]} landed {refused.code}\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, shown=None, spoiled=0):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-crc32", str(zlib.crc32(body) ^ spoiled))
        self.end_headers()
        self.wfile.write(body if shown is None else shown)

    def do_GET(self):
        table = find(self.path.strip("/"))
        lines = sorted(json.dumps(i, sort_keys=True) for i in table.items.values())
        self.reply(200, "".join(line + "\n" for line in lines).encode())

    def act(self, action, request, fault):
        if self.headers.get("Content-Type") != "application/x-amz-json-1.0":
            raise Refused("SerializationException", "Content-Type")
        if "Credential=AKIATEST/" not in self.headers.get("Authorization", ""):
            raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        if "/dynamodb/aws4_request" not in self.headers["Authorization"]:
            raise Refused("InvalidSignatureException", "Credential should be scoped to dynamodb")
        if fault[0] == "alone":
            raise Refused("ValidationException", "It was alone.")
        if fault[0].isdigit():
            raise Refused(fault[1], "As the script says.", int(fault[0]))
        if fault[0] == "late":
            late.append([int(fault[1]) + 1, action, request])
            return {}
        if fault[0] == "unprocessed":
            return batch_write(request, int(fault[1]))
        if fault[0] == "status":
            return {"Table": {**ACTIONS[action](request)["Table"], "TableStatus": fault[1]}}
        return ACTIONS[action](request)

    def answer_to(self, action, body, fault):
        request = json.loads(body)
        try:
            if len(body) > 16 * 1024 * 1024:
                raise Refused("RequestEntityTooLarge", "16 MB", 413)
            status, answer = 200, self.act(action, request, fault)
        except Refused as refused:
            status = refused.status
            answer = {"__type": ERRORS + refused.code, "message": refused.message}
        return status, answer, size_of(request)

    def do_POST(self):
        global present, came
        body = self.rfile.read(int(self.headers["Content-Length"]))
        version, _, action = self.headers.get("X-Amz-Target", "").partition(".")
        with lock:
            assert version == "DynamoDB_20120810" and self.path == "/"
            said = fault = faults[action].pop(0) if faults[action] else ["ok"]
            present += 1
            number, came = present, time.monotonic()
        fault = wait_for_others(said)
        with lock:
            status, answer, size = self.answer_to(action, body, fault)
            code = answer.get("__type", "#ok").partition("#")[2]
            if said[0] in ("together", "quiet"):
                alone = " alone" if fault == ["alone"] else ""
                log.write(f"{action} {size} {' '.join(said)} {number}{alone}\n")
            else:
                log.write(f"{action} {size} {code if fault == ['ok'] else ' '.join(fault)}\n")
            land()
            present -= 1
        text = json.dumps(answer).encode()
        if fault[0] in ("lost", "late"):
            self.close_connection = True
        elif fault[0] == "half":
            self.close_connection = True
            self.reply(status, text, text[:len(text) // 2])
        elif fault[0] == "short":
            self.close_connection = True
            self.reply(status, text[:len(text) // 2], text)
        elif fault[0] == "empty":
            self.reply(status, b"")
        elif fault[0] == "crc":
            self.reply(status, text, spoiled=1)
        else:
            self.reply(status, text)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
