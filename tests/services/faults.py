#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy in front of an S3 server that has its faults.

faults.py UPSTREAM-PORT [--slow-down N] [--cut BYTES] [--expire-after N] [--delay MS] [--log FILE]

Listens on 127.0.0.1, prints its port, and passes requests on as they are, the Host header too, so that
signatures stay valid. For the bodies of objects:

  --slow-down N     the first N requests of each object are answered with 503 SlowDown
  --cut BYTES       the connection is closed after so many bytes of each answer
  --expire-after N  after N of them requests with the first session token are answered with ExpiredToken; a
                    container's credentials are at /credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI):
                    the keys of our environment, with another session token each time. The server
                    behind knows no sessions: signatures are verified here and made anew without the
                    token (Signature Version 4, S3 API reference, "Authenticating Requests: Using the
                    Authorization Header")
  --delay MS        each answer is so late
  --log FILE        a line for each request: status, method, path, range, and how many were being answered
"""

import argparse
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import socket
import socketserver
import sys
import threading
import time

ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>{code}</Code><Message>{message}</Message><RequestId>FAULT</RequestId></Error>"""


def sign(command, target, headers, names, scope):
    """The signature over the named headers; scope is "date/region/service/aws4_request"."""
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [command, path, "&".join(sorted(query.split("&")))]
        + [f"{name}:{headers[name].strip()}" for name in names]
        + ["", ";".join(names), headers["x-amz-content-sha256"]]
    )
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            headers["x-amz-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


class Faults:
    """What all connections share."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.asked = {}
        self.objects = 0
        self.credentials = 0
        self.running = 0
        self.log = open(arguments.log, "w", buffering=1) if arguments.log else None

    def begin(self):
        with self.lock:
            self.running += 1

    def end(self, status, method, path, wanted):
        with self.lock:
            if self.log:
                self.log.write(f"{status} {method} {path} {wanted or '-'} {self.running}\n")
            self.running -= 1

    def fault_of(self, path, token):
        """The status and code to answer an object's request with, or None."""
        with self.lock:
            self.asked[path] = self.asked.get(path, 0) + 1
            if self.asked[path] <= self.arguments.slow_down:
                return 503, "SlowDown", "Please reduce your request rate."
            self.objects += 1
            limit = self.arguments.expire_after
            if limit is not None and self.objects > limit and token == "token-1":
                return 400, "ExpiredToken", "The provided token has expired."
        return None

    def next_credentials(self):
        with self.lock:
            self.credentials += 1
            number = self.credentials
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
        return {
            "AccessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
            "Token": f"token-{number}",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # the head and the body of an answer in one segment
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.upstream = None

    def finish(self):
        if self.upstream:
            self.upstream.close()
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *arguments):
        pass

    def without_token(self):
        """The headers signed anew without the session token; None where the signature was wrong."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        names, signature = re.search(
            r"SignedHeaders=([^,]*), *Signature=(\w+)", headers["authorization"]
        ).groups()
        names = names.split(";")
        scope = re.search(r"Credential=[^/]*/([^,]*),", headers["authorization"])[1]
        if "x-amz-security-token" not in names:
            return None
        if sign(self.command, self.path, headers, names, scope) != signature:
            return None
        del headers["x-amz-security-token"]
        names.remove("x-amz-security-token")
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={';'.join(names)}, "
            f"Signature={sign(self.command, self.path, headers, names, scope)}"
        )
        return headers

    def ask_upstream(self, headers):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        if not self.upstream:
            self.upstream = http.client.HTTPConnection("127.0.0.1", self.faults.arguments.upstream)
        self.upstream.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in headers.items():
            if name.lower() != "connection":
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body)
        return self.upstream.getresponse()

    def answer(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        return status

    def pass_on(self, response, cut):
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        sent = 0
        while True:
            bytes_ = response.read(min(64 * 1024, cut - sent) if cut else 64 * 1024)
            if not bytes_:
                break
            self.wfile.write(bytes_)
            sent += len(bytes_)
            if cut and sent >= cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                break
        if response.isclosed():
            self.wfile.flush()
        if response.will_close or not response.isclosed():
            self.upstream.close()
            self.upstream = None
        return response.status

    def serve(self):
        path, _, query = self.path.partition("?")
        if path == "/credentials":
            return self.answer(200, "application/json", json.dumps(self.faults.next_credentials()))
        is_object = self.command == "GET" and "/" in path[1:].rstrip("/") and not query
        if is_object:
            fault = self.faults.fault_of(path, self.headers.get("X-Amz-Security-Token"))
            if self.faults.arguments.delay:
                time.sleep(self.faults.arguments.delay / 1000)
            if fault:
                status, code, message = fault
                return self.answer(
                    status, "application/xml", ERROR.format(code=code, message=message)
                )
        headers = self.headers
        if self.faults.arguments.expire_after is not None:
            headers = self.without_token()
            if not headers:
                return self.answer(
                    403,
                    "application/xml",
                    ERROR.format(code="SignatureDoesNotMatch", message="It does not match."),
                )
        return self.pass_on(self.ask_upstream(headers), self.faults.arguments.cut if is_object else 0)

    def handle_any(self):
        status = 0
        self.faults.begin()
        try:
            status = self.serve()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            self.faults.end(status, self.command, self.path, self.headers.get("Range"))

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("upstream", type=int)
    parser.add_argument("--slow-down", type=int, default=0)
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--expire-after", type=int)
    parser.add_argument("--delay", type=int, default=0)
    parser.add_argument("--log")
    Handler.faults = Faults(parser.parse_args())
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1])
    sys.stdout.flush()
    server.serve_forever()


main()
