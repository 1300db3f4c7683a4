#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lambda's Invoke whose faults the names of functions choose, for tests/cli/lambda-functions.sh.

Usage: fake_lambda.py LOG. Prints its port and serves until its standard input ends. Each invocation is a line of
LOG: {"function", "type", "signed", "bytes", "status", "offsets", "event"}.

A function is named FAULT-N or FAULT: the first N invocations have the fault (all without N).
  ok, fail (the function fails), throttle (429), error (500), state (409), reset, half (of an answer)
  stall (no answer until the client goes away)
  denied (403), missing (404), large (413 for more than N records)
  poison (fails where a value holds "poison"), name (names those records instead), stray (names another)
"""
import base64
import collections
import hashlib
import hmac
import json
import socket
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET, REGION = "secret", "eu-south-9"
counts = collections.Counter()
lock = threading.Lock()
log = open(sys.argv[1], "a", buffering=1)


def hmac256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def is_signed(request, body):
    """The signature of the request (IAM User Guide, "Create a signed AWS API request")."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        return None
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    scope = parts["Credential"].split("/", 1)[1]
    date, region, service, _ = scope.split("/")
    names = parts["SignedHeaders"].split(";")
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names]
    text = "\n".join(["POST", urllib.parse.quote(request.path, safe="/-_.~"), "",
                      "".join(lines), ";".join(names), hashlib.sha256(body).hexdigest()])
    text = "\n".join([scheme, request.headers["X-Amz-Date"], scope,
                      hashlib.sha256(text.encode()).hexdigest()])
    key = hmac256(hmac256(hmac256(hmac256(b"AWS4" + SECRET.encode(), date), region), service),
                  "aws4_request")
    return (region == REGION and service == "lambda" and "x-amz-invocation-type" in names and
            hmac256(key, text).hex() == parts["Signature"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"null", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        headers.setdefault("Content_Length", len(body))
        headers.setdefault("x_amzn_RequestId", "id-" + str(counts[self.function]))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)
        return status

    def refuse(self, status, code, text="It is so.", **headers):
        return self.answer(status, {"Type": "User", "Message": text}, x_amzn_ErrorType=code,
                           **headers)

    def fail(self, text):
        return self.answer(200, {"errorMessage": text, "errorType": "Boom", "stackTrace": []},
                           X_Amz_Function_Error="Unhandled", X_Amz_Executed_Version="$LATEST")

    def poisoned(self, event):
        return [{"itemIdentifier": {"partition": name, "offset": record["offset"]}}
                for name, records in event["records"].items() for record in records
                if b"poison" in base64.b64decode(record.get("value", ""))]

    def invoke(self, fault, event):
        count = sum(len(records) for records in event["records"].values())
        if fault == "fail":
            return self.fail("no")
        if fault == "throttle":
            return self.refuse(429, "TooManyRequestsException", "Rate Exceeded.")
        if fault == "error":
            return self.refuse(500, "ServiceException")
        if fault == "state":
            return self.refuse(409, "ResourceConflictException")
        if fault == "denied":
            return self.refuse(403, "AccessDeniedException")
        if fault == "missing":
            return self.refuse(404, "ResourceNotFoundException", "Function not found: it")
        if fault == "large" and count > self.number:
            return self.refuse(413, "RequestTooLargeException")
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            return 0
        if fault == "stall":
            self.close_connection = True
            return 0
        if fault == "half":
            self.close_connection = True
            return self.answer(200, b'{"batchItem', Content_Length=100)
        if fault == "poison" and self.poisoned(event):
            return self.fail("poison")
        if fault == "name":
            return self.answer(200, {"batchItemFailures": self.poisoned(event)})
        if fault == "stray":
            return self.answer(200, {"batchItemFailures": [
                {"itemIdentifier": {"partition": "other-0", "offset": 0}}]})
        return self.answer(202 if self.kind == "Event" else 200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.split("/")
        assert parts[1:3] == ["2015-03-31", "functions"] and parts[4:] == ["invocations"], self.path
        assert self.headers["Content-Type"] == "application/json"
        self.function = urllib.parse.unquote(parts[3])
        self.kind = self.headers["X-Amz-Invocation-Type"]
        event = json.loads(body)
        fault, _, number = self.function.rpartition(":")[2].partition("-")
        self.number = int(number or 0)
        with lock:
            counts[self.function] += 1
            if number and fault != "large" and counts[self.function] > self.number:
                fault = "ok"
            status = self.invoke(fault, event)
            offsets = {name: [record["offset"] for record in records]
                       for name, records in event["records"].items()}
            log.write(json.dumps({"function": self.function, "type": self.kind,
                                  "signed": is_signed(self, body), "bytes": len(body),
                                  "status": status, "offsets": offsets, "event": event}) + "\n")

        if fault == "stall":
            self.connection.recv(1)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
