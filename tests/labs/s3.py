#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A few requests to S3, for looking at what the tools have done there with something that is none of them.

s3.py make BUCKET             makes it
s3.py put BUCKET/KEY FILE     uploads a file
s3.py list BUCKET[/PREFIX]    its objects: size and key, a tab between
s3.py get BUCKET/PREFIX DIR   downloads all of them, as DIR/KEY

AWS_ENDPOINT_URL_S3 is where S3 is, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION as
everywhere. Signature Version 4 is that of the S3 API reference, "Authenticating Requests: Using the Authorization
Header".
"""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse
import xml.etree.ElementTree

REGION = os.environ.get("AWS_REGION", "us-east-1")


def variable(name):
    if not os.environ.get(name):
        raise SystemExit(f"s3.py: {name} is not set")
    return os.environ[name]


def authorization(method, path, query, headers):
    """headers: all that are signed, by their names in lower case, in order"""
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    names = ";".join(headers)
    canonical = "\n".join([method, path, query, *(f"{n}:{v}" for n, v in headers.items()), "", names,
                           headers["x-amz-content-sha256"]])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + variable("AWS_SECRET_ACCESS_KEY")).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return (f"AWS4-HMAC-SHA256 Credential={variable('AWS_ACCESS_KEY_ID')}/{scope}, "
            f"SignedHeaders={names}, Signature={key.hex()}")


def ask(method, name, arguments=(), body=b""):
    endpoint = urllib.parse.urlsplit(variable("AWS_ENDPOINT_URL_S3"))
    path = endpoint.path.rstrip("/") + urllib.parse.quote("/" + name)
    query = "&".join(f"{n}={urllib.parse.quote(v, safe='')}" for n, v in sorted(arguments))
    headers = {"host": endpoint.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
               "x-amz-date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")}
    if os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = os.environ["AWS_SESSION_TOKEN"]
    headers["authorization"] = authorization(method, path, query, headers)
    kind = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = kind(endpoint.netloc, timeout=60)
    connection.request(method, path + ("?" + query if query else ""), body, headers)
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
