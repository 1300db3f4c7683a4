#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A few requests to S3, for looking at what the tools have done there with something that is none of them.

s3.py make BUCKET             makes it
s3.py put BUCKET/KEY FILE     uploads a file
s3.py list BUCKET[/PREFIX]    its objects: size and key, a tab between
s3.py get BUCKET/PREFIX DIR   downloads all of them, as DIR/KEY

AWS_ENDPOINT_URL_S3 is where S3 is, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION as everywhere. Signature
Version 4 is that of the S3 API reference, "Authenticating Requests: Using the Authorization Header".
"""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse
import xml.etree.ElementTree

HOST = os.environ["AWS_ENDPOINT_URL_S3"].partition("//")[2]
REGION = os.environ.get("AWS_REGION", "us-east-1")


def authorization(method, path, query, stamp, digest):
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join([method, path, query, f"host:{HOST}", f"x-amz-content-sha256:{digest}",
                           f"x-amz-date:{stamp}", "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={names}, Signature={key.hex()}")


def ask(method, name, arguments=(), body=b""):
    path = urllib.parse.quote("/" + name)
    query = "&".join(f"{n}={urllib.parse.quote(v, safe='')}" for n, v in sorted(arguments))
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    connection = http.client.HTTPConnection(HOST, timeout=60)
    connection.request(method, path + ("?" + query if query else ""), body, {
        "x-amz-date": stamp, "x-amz-content-sha256": digest,
        "Authorization": authorization(method, path, query, stamp, digest)})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status != 200:
        raise SystemExit(f"s3.py: {method} {name}: status {reply.status}: {text[:300].decode(errors='replace')}")
    return text


def listing(name):
    """Pairs of size and key, page by page."""
    bucket, _, prefix = name.partition("/")
    token = None
    while True:
        arguments = [("list-type", "2"), ("prefix", prefix)]
        if token:
            arguments.append(("continuation-token", token))
        root = xml.etree.ElementTree.fromstring(ask("GET", bucket, arguments))
        for item in root.iterfind("{*}Contents"):
            yield int(item.findtext("{*}Size")), item.findtext("{*}Key")
        token = root.findtext("{*}NextContinuationToken")
        if not token:
            return


def get(name, folder):
    bucket = name.partition("/")[0]
    for _, key in listing(name):
        path = os.path.join(folder, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(ask("GET", f"{bucket}/{key}"))


def main(command="", *words):
    if (command, len(words)) == ("make", 1):
        ask("PUT", words[0])
    elif (command, len(words)) == ("put", 2):
        with open(words[1], "rb") as file:
            ask("PUT", words[0], body=file.read())
    elif (command, len(words)) == ("list", 1):
        for size, key in listing(words[0]):
            print(size, key, sep="\t")
    elif (command, len(words)) == ("get", 2):
        get(*words)
    else:
        raise SystemExit(__doc__)


main(*sys.argv[1:])
