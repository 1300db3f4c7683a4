#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a lake of gzipped JSON lines in S3 while it is being written.

lake_reader.py BUCKET PREFIX

Lists all objects below the prefix, again and again, and reads each that it has not seen, and one that it
has. Every object must be whole (gzip says so by its checksum and length), every line JSON; one that was seen
stays there, and stays as it is. Marks (_sluice/) are read too: theirs is one line, which may change.

Ends when its standard input ends, after one more round, and says how many rounds and objects those were; the
first object that breaks a rule ends it with status 1. Where S3 is in AWS_ENDPOINT_URL_S3; Signature Version 4
is that of the S3 API reference, "Authenticating Requests: Using the Authorization Header".
"""
import datetime
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import select
import sys
import urllib.parse
import zlib

HOST = os.environ["AWS_ENDPOINT_URL_S3"].partition("//")[2]
EMPTY = hashlib.sha256(b"").hexdigest()


def sign(path, query, stamp):
    scope = f"{stamp[:8]}/{os.environ['AWS_REGION']}/s3/aws4_request"
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join(["GET", path, query, f"host:{HOST}", f"x-amz-content-sha256:{EMPTY}",
                           f"x-amz-date:{stamp}", "", names, EMPTY])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={names}, Signature={key.hex()}")


class Reader:
    def __init__(self, bucket, prefix):
        self.bucket, self.prefix = bucket, prefix
        self.connection = http.client.HTTPConnection(HOST)
        self.seen = {}  # by key: entity tag, hash
        self.rounds = self.again = 0

    def get(self, key, arguments=()):
        path = urllib.parse.quote(f"/{self.bucket}/{key}" if key else f"/{self.bucket}")
        query = "&".join(f"{n}={urllib.parse.quote(v, safe='')}" for n, v in sorted(arguments))
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.connection.request("GET", path + ("?" + query if query else ""), headers={
            "x-amz-date": stamp, "x-amz-content-sha256": EMPTY,
            "Authorization": sign(path, query, stamp)})
        reply = self.connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise SystemExit(f"lake_reader: {key}: status {reply.status}: {body[:300]}")
        return body, reply.headers.get("ETag")

    def list(self):
        """Pairs of key and entity tag."""
        token = None
        while True:
            arguments = [("list-type", "2"), ("prefix", self.prefix), ("max-keys", "1000")]
            if token:
                arguments.append(("continuation-token", token))
            text = self.get("", arguments)[0].decode()
            for item in re.findall(r"<Contents>(.*?)</Contents>", text, re.S):
                yield tuple(re.search(f"<{name}>(.*?)</{name}>", item)[1].replace("&#34;", '"')
                            .replace("&quot;", '"') for name in ("Key", "ETag"))
            found = re.search(r"<NextContinuationToken>(.*?)</NextContinuationToken>", text)
            if not found:
                return
            token = found[1]

    def read(self, key):
        body, etag = self.get(key)
        if "/_sluice/" in key:
            json.loads(body)
            return None
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        text = decoder.decompress(body) + decoder.flush()
        if not decoder.eof or decoder.unused_data or not text.endswith(b"\n"):
            raise SystemExit(f"lake_reader: {key} is not whole: {len(body)} bytes")
        for line in text.splitlines():
            json.loads(line)
        return etag, hashlib.sha256(body).hexdigest()

    def round(self):
        there = dict(self.list())
        gone = set(self.seen) - set(there)
        if gone:
            raise SystemExit(f"lake_reader: {gone} is gone")
        for key, etag in there.items():
            if key not in self.seen:
                found = self.read(key)
                if found:
                    self.seen[key] = found
            elif self.seen[key][0] != etag:
                raise SystemExit(f"lake_reader: {key} has changed to {etag}")
        if self.seen:
            key = random.choice(list(self.seen))
            self.again += 1
            if self.read(key) != self.seen[key]:
                raise SystemExit(f"lake_reader: {key} has changed")
        self.rounds += 1


def main():
    reader = Reader(sys.argv[1], sys.argv[2])
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        reader.round()
    reader.round()
    print(f"{reader.rounds} rounds, {len(reader.seen)} objects, {reader.again} read again")


main()
