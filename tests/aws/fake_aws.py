#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The services that hand out credentials, on 127.0.0.1, for tests.

Prints its port. The first two parts of a path choose service and behaviour:

    /sts/MODE/                  AssumeRole (signatures are verified), AssumeRoleWithWebIdentity
    /sso/MODE/federation/credentials, /oidc/MODE/token
    /container/MODE/...         wants "Authorization: container-token" where MODE is auth
    /imds/MODE/latest/...       version 2 of the instance metadata service
    /log                        what was asked so far, one JSON object a line; DELETE forgets it

MODE is ok, or what goes wrong: denied, expired, garbage, empty, hang, down, throttle (once), skew (once),
norole, v1only, old (credentials that have expired), same (no new ones, ever),
minus (a time that is none), once (6 s of life, then hang); life-N: N seconds of life.

The secret that belongs to an access key A is "secret-of-A", its session token "token-of-A"; access keys
that begin with AKIA have no token.
"""
import datetime
import hashlib
import hmac
import html
import http.server
import json
import re
import socketserver
import sys
import threading
import urllib.parse

lock = threading.Lock()
asked = []
counts = {}


def iso(seconds):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def lifetime(mode):
    found = re.fullmatch(r"life-(\d+)", mode)
    if found:
        return int(found.group(1))
    return {"old": -60, "skew": 90000, "once": 6}.get(mode, 3600)


def issue(prefix, mode):
    """A new access key; "same" hands out one for ever."""
    with lock:
        counts[prefix] = 1 if mode == "same" else counts.get(prefix, 0) + 1
        return "ASIA%s%d" % (prefix, counts[prefix])


def secret_of(key):
    return "secret-of-" + key


def token_of(key):
    return None if key.startswith("AKIA") else "token-of-" + key


def sign(key, *parts):
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def verify(handler, body):
    """The access key that has signed; a code and words where the signature is wrong."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
        handler.headers.get("Authorization", ""))
    if not found:
        return None, "MissingAuthenticationToken", "no signature"
    key, day, region, service, names, signature = found.groups()
    stamp = handler.headers.get("X-Amz-Date", "")
    if handler.headers.get("X-Amz-Security-Token") != token_of(key):
        return None, "InvalidClientTokenId", "the security token is wrong"
    if not {"host", "x-amz-date"} <= set(names.split(";")):
        return None, "SignatureDoesNotMatch", "too few headers are signed"
    path, _, query = handler.path.partition("?")
    canonical = "\n".join(
        [handler.command, path, query]
        + ["%s:%s" % (n, " ".join(handler.headers.get(n, "").split())) for n in names.split(";")]
        + ["", names, hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join([day, region, service, "aws4_request"]),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    good = sign(("AWS4" + secret_of(key)).encode(), day, region, service, "aws4_request", text)
    if good.hex() != signature or not stamp.startswith(day):
        # as the services word it
        return None, "SignatureDoesNotMatch", (
            "the signature is not the one calculated here.\n\n"
            "The Canonical String for this request should have been\n'%s'\n" % canonical)
    return key, region, service


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, text, kind="application/json", headers=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def note(self, **what):
        with lock:
            asked.append(dict(what, path=self.path, method=self.command))

    def date_time_string(self, timestamp=None):
        """The Date header: of tomorrow for a client whose clock is to be wrong."""
        if "/skew/" in self.path:
            now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
            return now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return super().date_time_string(timestamp)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/log":
            return self.do_log()
        parts = self.path.split("/")
        service, mode = (parts + ["", ""])[1:3]
        if mode == "hang":
            self.note(service=service)
            threading.Event().wait(60)
            return None
        if mode == "down":
            self.note(service=service)
            return self.reply(503, "down")
        return getattr(self, "ask_" + service, self.unknown)(mode, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def unknown(self, mode, body):
        self.reply(404, "{}")

    def do_log(self):
        with lock:
            text = "".join(json.dumps(a) + "\n" for a in asked)
            if self.command == "DELETE":
                asked.clear()
                counts.clear()
        self.reply(200, text)

    # ---- STS ----

    def sts_error(self, status, code, words):
        self.reply(status, '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
                   "<Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                   "<RequestId>1</RequestId></ErrorResponse>" % (code, html.escape(words)), "text/xml")

    def ask_sts(self, mode, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        action = form.get("Action", "")
        signer = None
        if action == "AssumeRole":
            signer, code, words = verify(self, body)
            if signer is None:
                self.note(service="sts", refused=words)
                return self.sts_error(403, code, words)
            form["region"] = code
        self.note(service="sts", signer=signer, **form)
        with lock:
            counts["sts"] = counts.get("sts", 0) + 1
            is_first = counts["sts"] == 1
        if action == "AssumeRoleWithWebIdentity" and form["WebIdentityToken"] != "web-token":
            return self.sts_error(400, "InvalidIdentityToken", "no such token")
        if mode == "denied":
            return self.sts_error(403, "AccessDenied", "%s may not assume it" % signer)
        if mode == "expired":
            return self.sts_error(400, "ExpiredToken", "the token has expired")
        if mode == "throttle" and is_first:
            return self.sts_error(400, "Throttling", "too many")
        if mode == "skew" and is_first:
            return self.sts_error(403, "SignatureDoesNotMatch", "Signature expired: it is too old")
        if mode == "garbage":
            return self.reply(200, "<not XML", "text/xml")
        if mode == "empty":
            return self.reply(200, "<%sResponse/>" % action, "text/xml")
        key = issue("ROLE" + form["RoleArn"].rsplit("/", 1)[1], mode)
        return self.reply(200, '<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>'
                          "<AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials>"
                          "<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>{2}</SecretAccessKey>"
                          "<SessionToken>{3}</SessionToken><Expiration>{4}</Expiration></Credentials>"
                          "</{0}Result></{0}Response>".format(
                              action, key, secret_of(key), token_of(key), iso(lifetime(mode))),
                          "text/xml")

    # ---- SSO ----

    def ask_sso(self, mode, body):
        query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
        token = self.headers.get("x-amz-sso_bearer_token", "")
        self.note(service="sso", token=token, **query)
        if mode == "denied" or not token.startswith("sso-token"):
            return self.reply(401, '{"message":"Session token not found or invalid"}')
        if mode == "garbage":
            return self.reply(200, "{")
        key = issue("SSO", mode)
        expires = datetime.datetime.now().timestamp() + lifetime(mode)
        return self.reply(200, json.dumps({"roleCredentials": {
            "accessKeyId": key, "secretAccessKey": secret_of(key), "sessionToken": token_of(key),
            "expiration": int(expires * 1000)}}))

    def ask_oidc(self, mode, body):
        form = json.loads(body)
        self.note(service="oidc", **form)
        if mode == "denied" or form.get("refreshToken") != "refresh-token":
            return self.reply(400, '{"error":"invalid_grant"}')
        return self.reply(200, json.dumps({"accessToken": "sso-token-new", "tokenType": "Bearer",
                                           "expiresIn": 28800, "refreshToken": "refresh-token-new"}))

    # ---- this machine ----

    def local_credentials(self, prefix, mode, **more):
        key = issue(prefix, mode)
        expires = -2**63 if mode == "minus" else iso(lifetime(mode))
        return self.reply(200, json.dumps(dict(more, AccessKeyId=key, SecretAccessKey=secret_of(key),
                                               Token=token_of(key), Expiration=expires)))

    def ask_container(self, mode, body):
        self.note(service="container", token=self.headers.get("Authorization"))
        if mode == "auth" and self.headers.get("Authorization") != "container-token":
            return self.reply(403, '{"code":"AccessDenied"}')
        if mode == "denied":
            return self.reply(403, "{}")
        if mode == "garbage":
            return self.reply(200, "<html>")
        if mode == "once" and "CONTAINER" in counts:
            threading.Event().wait(60)
            return None
        return self.local_credentials("CONTAINER", mode, RoleArn="arn")

    def ask_imds(self, mode, body):
        path = self.path.split("/", 3)[3]
        self.note(service="imds", token=self.headers.get("X-aws-ec2-metadata-token"),
                  ttl=self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"))
        if path == "latest/api/token":
            if self.command != "PUT" or mode == "v1only":
                return self.reply(405, "")
            return self.reply(200, "imds-token", "text/plain")
        if self.headers.get("X-aws-ec2-metadata-token") != "imds-token":
            return self.reply(401, "")
        if path == "latest/meta-data/iam/security-credentials/":
            return self.reply(404, "") if mode == "norole" else self.reply(200, "my-role", "text/plain")
        if path != "latest/meta-data/iam/security-credentials/my-role":
            return self.reply(404, "")
        if mode == "denied":
            return self.reply(200, '{"Code":"AssumeRoleUnauthorizedAccess","Message":"no"}')
        if mode == "garbage":
            return self.reply(200, "null")
        return self.local_credentials("IMDS", mode, Code="Success", Type="AWS-HMAC")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # ends with the test that started it
