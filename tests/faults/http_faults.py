#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy between a tool and a service over HTTP that has the faults it is told to have.

http_faults.py UPSTREAM-PORT [--path REGEX] [--random SEED:PERCENT] [--log FILE] [FAULT...]

Listens on 127.0.0.1, prints its port, and serves until its standard input ends. Requests are passed on as
they are, the Host header too, so that signatures stay valid. Those whose "METHOD PATH", or "METHOD PATH
X-AMZ-TARGET" where they have one, matches --path (all) get one FAULT each, in the order given, and pass when there are no more; with --random each gets, in PERCENT
of cases, one of them by the seeded generator, for ever. FAULT*N stands for N of them.

Not passed on:
  NNN[=SECONDS]  answered with this status, and Retry-After
  aws=CODE       answered 400 with this error of AWS's JSON services
  refuse         reset at once
  hold           neither answered nor passed on until POST /__faults/release, and then passed on though
                 its sender may be gone
Passed on, so that the service has done it:
  pass           answered as it should be
  half           half of the answer's body, then the end of the connection
  reset          reset instead of an answer
  stall          no answer, until the client goes away
  stop           half of the answer, and then nothing more, until the client goes away
  short          a Content-Length that is less than the body
  long           a Content-Length that is more than the body, then the end of the connection
  garbage        an answer that is no HTTP
  foreign        a good answer of somebody else's: 200 and HTML
Passed on in part:
  items=NNN      of a bulk request (OpenSearch), or a BatchWriteItem (DynamoDB), every second item is not
                 passed on, and answered as failed with this status, or as unprocessed

--log gets a line for each request: status or fault, method, path. GET /__faults/counts answers how many
had which fault, as JSON, and under "landed" how many of those that were held the service has answered.
"""

import argparse
import collections
import http.client
import http.server
import json
import random
import re
import socket
import socketserver
import struct
import sys
import threading

HOP_BY_HOP = ("connection", "content-length", "transfer-encoding", "keep-alive")


class Script:
    """Which fault comes next; what all connections share."""

    def __init__(self, arguments):
        self.lock = threading.Lock()
        self.path = re.compile(arguments.path)
        self.faults = []
        for word in arguments.faults:
            name, _, count = word.partition("*")
            self.faults += [name] * int(count or 1)
        self.percent = 0
        if arguments.random:
            seed, percent = arguments.random.split(":")
            self.random = random.Random(int(seed))
            self.percent = int(percent)
        self.counts = collections.Counter()
        self.released = threading.Event()
        self.log = open(arguments.log, "w", buffering=1) if arguments.log else None

    def next(self, method, path):
        with self.lock:
            fault = "pass"
            if self.path.search(f"{method} {path}"):
                if self.percent:
                    if self.random.randrange(100) < self.percent:
                        fault = self.random.choice(self.faults)
                elif self.faults:
                    fault = self.faults.pop(0)
            self.counts[fault] += 1
            return fault

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def note(self, outcome, method, path):
        with self.lock:
            if self.log:
                self.log.write(f"{outcome} {method} {path}\n")


# ---- requests that are passed on in part ----


def split_bulk(body):
    """[(action line, lines)] of a bulk request's body."""
    items, lines = [], body.split(b"\n")
    lines.pop()
    while lines:
        action = lines.pop(0)
        op = next(iter(json.loads(action)))
        items.append((op, action + b"\n" + (b"" if op == "delete" else lines.pop(0) + b"\n")))
    return items


def part_of_bulk(body):
    return b"".join(text for _, text in split_bulk(body)[::2])


def bulk_answer(body, answer, status):
    """The service's answer to every second item, with failures between."""
    failure = {"status": status, "error": {"type": "fault_exception", "reason": "by the proxy"}}
    told, items = iter(answer["items"]), []
    for number, (op, _) in enumerate(split_bulk(body)):
        items.append({op: failure} if number % 2 else next(told))
    return {"errors": answer["errors"] or len(items) > 1, "items": items}


def split_batch(body):
    """What is passed on of a BatchWriteItem, and what is not."""
    request = json.loads(body)
    kept, left = {}, {}
    for table, writes in request["RequestItems"].items():
        kept[table] = writes[::2]
        if writes[1::2]:
            left[table] = writes[1::2]
    request["RequestItems"] = kept
    return json.dumps(request).encode(), left


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer of two writes is late by an acknowledgement
    script = None
    upstream = 0

    def log_message(self, *arguments):
        pass

    # ---- the two sides ----

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                piece = self.rfile.read(size + 2)[:-2]
                if not size:
                    return body
                body += piece
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def ask(self, body):
        """The service's answer: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=300)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    connection.putheader(name, value)
            if body or self.command in ("POST", "PUT"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    def answer(self, status, headers, body, length=None):
        self.send_response_only(status)
        if self.command == "HEAD":  # what a GET would have
            length = next((v for n, v in headers if n.lower() == "content-length"), length)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end(self):
        self.close_connection = True

    def reset(self):
        # a close with nothing to linger for is a reset: socket(7), SO_LINGER
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def wait_for_client(self):
        """Until it goes away."""
        self.wfile.flush()
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        self.end()

    # ---- faults ----

    def do_items(self, body, status):
        if self.headers.get("X-Amz-Target", "").endswith(".BatchWriteItem"):
            kept, left = split_batch(body)
            code, headers, reply = self.ask(kept)
            if code == 200:
                told = json.loads(reply)
                for table, writes in left.items():
                    told.setdefault("UnprocessedItems", {}).setdefault(table, []).extend(writes)
                reply = json.dumps(told).encode()
                headers = [h for h in headers if h[0].lower() != "x-amz-crc32"]
            return self.answer(code, headers, reply)
        code, headers, reply = self.ask(part_of_bulk(body))
        if code == 200:
            reply = json.dumps(bulk_answer(body, json.loads(reply), status)).encode()
        return self.answer(code, headers, reply)

    def do_passed(self, fault, status, headers, body):
        if fault == "half":
            self.answer(status, headers, body[: len(body) // 2], len(body))
            self.end()
        elif fault == "reset":
            self.reset()
        elif fault == "stall":
            self.wait_for_client()
        elif fault == "stop":
            self.answer(status, headers, body[: len(body) // 2], len(body))
            self.wait_for_client()
        elif fault == "short":
            self.answer(status, headers, body, max(len(body) - 7, 0))
            self.end()
        elif fault == "long":
            self.answer(status, headers, body, len(body) + 7)
            self.end()
        elif fault == "garbage":
            self.wfile.write(b"\x00\x01 nothing of HTTP\r\n\r\n")
            self.end()
        elif fault == "foreign":
            self.answer(200, [("Content-Type", "text/html")], b"<html>welcome</html>")
        else:
            self.answer(status, headers, body)

    def do_fault(self, fault, body):
        name, _, argument = fault.partition("=")
        if name.isdigit():
            headers = [("Retry-After", argument)] if argument else []
            return self.answer(int(name), headers, b'{"error":"by the proxy"}')
        if name == "aws":
            headers = [("Content-Type", "application/x-amz-json-1.0")]
            return self.answer(400, headers, json.dumps({"__type": f"by.the.proxy#{argument}"}).encode())
        if name == "refuse":
            return self.reset()
        if name == "items":
            return self.do_items(body, int(argument))
        if name == "hold":
            self.script.released.wait()
        reply = self.ask(body)
        if name == "hold":
            self.script.count("landed")
        return self.do_passed(name, *reply)

    # ---- serving ----

    def control(self):
        if self.path == "/__faults/release":
            self.script.released.set()
        with self.script.lock:
            body = json.dumps(self.script.counts).encode()
        self.answer(200, [("Content-Type", "application/json")], body)

    def handle_any(self):
        body = self.read_body()
        if self.path.startswith("/__faults/"):
            return self.control()
        target = self.headers.get("X-Amz-Target", "")
        fault = self.script.next(self.command, f"{self.path} {target}".strip())
        self.script.note(fault, self.command, self.path)
        try:
            self.do_fault(fault, body)
        except (OSError, http.client.HTTPException):
            self.end()
        return None

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass

    def shutdown_request(self, request):
        self.close_request(request)  # its parent would end a connection before it is reset


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("upstream", type=int)
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--path", default="")
    parser.add_argument("--random")
    parser.add_argument("--log")
    arguments = parser.parse_intermixed_args()
    Handler.script = Script(arguments)
    Handler.upstream = arguments.upstream
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
