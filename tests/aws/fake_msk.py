#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A broker that knows how to sign in, and no topics.

usage: fake_msk.py LOG [--listen HOST:PORT] [--tls CERT KEY] [--refuse] [--hang-up]

Prints its port. Each connection appends a JSON object to LOG: the SASL mechanism and, of OAUTHBEARER, what
the token says and whether its signature is good (the secret of key A is "secret-of-A", as in fake_aws.py);
"none" for one that asks for metadata without signing in. --hang-up closes a connection a moment
after it has signed in, so that clients come again.
"""
import argparse
import base64
import hashlib
import json
import os
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fake_aws  # noqa: E402

METADATA, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 3, 17, 18, 36
UNKNOWN_TOPIC, UNSUPPORTED_VERSION, SASL_FAILED = 3, 35, 58
VERSIONS = {METADATA: 1, SASL_HANDSHAKE: 1, API_VERSIONS: 0, SASL_AUTHENTICATE: 0}


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def read_text(data):
    size, = struct.unpack_from(">h", data)
    return data[2:2 + size].decode(), data[2 + size:]


def describe(token):
    """What the presigned URL in a token says, and whether it was signed with the key it names."""
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = dict(urllib.parse.parse_qsl(url.query))
    key, day, region, service, _ = query["X-Amz-Credential"].split("/")
    signed = "&".join(p for p in url.query.split("&")
                      if not p.startswith(("X-Amz-Signature=", "User-Agent=")))
    canonical = "\n".join(["GET", url.path, signed, "host:" + url.netloc, "", "host",
                           hashlib.sha256(b"").hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"],
                         "/".join([day, region, service, "aws4_request"]),
                         hashlib.sha256(canonical.encode()).hexdigest()])
    good = fake_aws.sign(("AWS4" + fake_aws.secret_of(key)).encode(), day, region, service,
                         "aws4_request", to_sign).hex()
    return {"host": url.netloc, "key": key, "region": region, "service": service,
            "action": query["Action"], "agent": query["User-Agent"], "expires": query["X-Amz-Expires"],
            "token": query.get("X-Amz-Security-Token"), "good": good == query["X-Amz-Signature"]}


class Handler(socketserver.BaseRequestHandler):
    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def note(self, **what):
        what["tls"] = options.tls is not None
        with lock, open(options.log, "a") as log:
            log.write(json.dumps(what) + "\n")

    def handle(self):
        try:
            if options.tls:
                self.request = context.wrap_socket(self.request, server_side=True)
            while self.answer():
                pass
        except (ConnectionError, OSError):
            pass

    def answer(self):
        size, = struct.unpack(">i", self.read(4))
        data = self.read(size)
        api, version, number = struct.unpack_from(">hhi", data)
        _, body = read_text(data[8:])
        goes_on = True
        if api == API_VERSIONS:
            versions = b"".join(struct.pack(">hhh", a, 0, v) for a, v in VERSIONS.items())
            reply = struct.pack(">hi", UNSUPPORTED_VERSION if version else 0, len(VERSIONS)) + versions
        elif api == SASL_HANDSHAKE:
            self.mechanism, _ = read_text(body)
            reply = struct.pack(">hi", 0, 1) + text("OAUTHBEARER")
        elif api == SASL_AUTHENTICATE:
            reply, goes_on = self.authenticate(body[4:])
        elif api == METADATA:
            if not hasattr(self, "mechanism"):
                self.note(mechanism="none")
            reply = self.metadata(body)
        else:
            return False
        self.request.sendall(struct.pack(">ii", len(reply) + 4, number) + reply)
        if not goes_on:
            time.sleep(0.2)
        return goes_on

    def authenticate(self, data):
        if options.refuse:
            self.note(mechanism=self.mechanism, refused=True)
            return struct.pack(">h", SASL_FAILED) + text("Access denied") + struct.pack(">i", 0), True
        token = data.decode().split("auth=Bearer ")[1].split("\x01")[0]
        self.note(mechanism=self.mechanism, **describe(token))
        return struct.pack(">hhi", 0, -1, 0), not options.hang_up

    def metadata(self, body):
        count, = struct.unpack_from(">i", body)
        rest, names = body[4:], []
        for _ in range(max(count, 0)):
            name, rest = read_text(rest)
            names.append(name)
        host, port = server.server_address
        return (struct.pack(">ii", 1, 1) + text(host) + struct.pack(">ih", port, -1)
                + struct.pack(">ii", 1, len(names))
                + b"".join(struct.pack(">h", UNKNOWN_TOPIC) + text(n) + struct.pack(">bi", 0, 0)
                           for n in names))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


parser = argparse.ArgumentParser()
parser.add_argument("log")
parser.add_argument("--listen", default="127.0.0.1:0")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--refuse", action="store_true")
parser.add_argument("--hang-up", action="store_true")
options = parser.parse_args()
lock = threading.Lock()
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*options.tls)
host, _, port = options.listen.partition(":")
server = Server((host, int(port)), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()  # ends with the test that started it
