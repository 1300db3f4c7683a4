#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""As much of OpenSearch's HTTP interface as kafka-to-opensearch uses, kept in memory.

fake_opensearch.py [--product opensearch|elasticsearch] [--number VERSION] [--basic USER:PASSWORD]
    [--api-key KEY] [--sigv4 SERVICE/REGION] [--tls CERT KEY] [--client-ca CA] [--limit BYTES] [--log FILE]
    [--root-status NNN] [--no-auto-create] [--index NAME]...

Listens on 127.0.0.1, prints its port, and serves until its standard input ends. Bulk requests are carried out
as OpenSearch does it (VersionType.java, DocWriteResponse.java, TransportBulkAction.java): external versions,
conflicts, deletions of what is not there, indices that are made (but --no-auto-create). Beside that:

  a document with a member "fail": N has status N, as many times as its member "times" says (for ever),
  and "words" more bytes of reason
  a line that is no JSON is the whole request's fault: 400
  a body above --limit is 413
  an index that begins with '_' cannot be made: its items have 400

GET /__fake/documents answers {"index": {"id": [version, document], ...}}, GET /__fake/templates the index
templates, GET /__fake/counts how many requests and items there were.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import re
import socketserver
import ssl
import sys
import threading
import urllib.parse


class Failure(Exception):
    def __init__(self, status, kind, reason):
        super().__init__(reason)
        self.status = status
        self.error = {"type": kind, "reason": reason}


def conflict(identity):
    return Failure(409, "version_conflict_engine_exception", f"[{identity}]: version conflict")


class Index:
    def __init__(self):
        self.documents = {}
        self.versions = {}  # of what was deleted too

    def write(self, op, meta, document):
        """The status and result of one action."""
        identity = meta.get("_id") or f"auto-{len(self.versions)}"
        known = self.versions.get(identity)
        is_there = identity in self.documents
        kind = meta.get("version_type", "internal")
        if op == "create" and is_there:
            raise conflict(identity)
        if kind == "internal":
            version = (known or 0) + 1
        else:
            version = meta["version"]
            if known is not None and (known > version or (known == version and kind == "external")):
                raise conflict(identity)
        if op == "delete":
            if not is_there and kind == "internal":
                return 404, "not_found"
            self.documents.pop(identity, None)
            self.versions[identity] = version
            return (200, "deleted") if is_there else (404, "not_found")
        if op == "update":
            before = dict(self.documents[identity][1]) if is_there else {}
            if not is_there and not document.get("doc_as_upsert"):
                raise Failure(404, "document_missing_exception", f"[{identity}]: document missing")
            before.update(document["doc"])
            document = before
        self.documents[identity] = (version, document)
        self.versions[identity] = version
        return (200, "updated") if is_there else (201, "created")


class Store:
    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.indices = {name: Index() for name in arguments.index}
        self.templates = {}
        self.failed = collections.Counter()
        self.counts = collections.Counter()
        self.log = open(arguments.log, "w", buffering=1) if arguments.log else None

    def fail_by_document(self, op, meta, document):
        inside = document.get("doc", document) if op == "update" else document
        if not isinstance(inside, dict) or "fail" not in inside:
            return
        key = (meta.get("_index"), meta.get("_id"))
        if self.failed[key] < inside.get("times", 1 << 30):
            self.failed[key] += 1
            words = "." * inside.get("words", 0)
            raise Failure(inside["fail"], "fake_exception", f"status {inside['fail']} asked for{words}")

    def index_of(self, op, meta, name):
        if name in self.indices:
            return self.indices[name]
        if op == "delete" and not meta.get("version_type", "internal").startswith("external"):
            raise Failure(404, "index_not_found_exception", f"no such index [{name}]")
        if self.arguments.no_auto_create:
            raise Failure(404, "index_not_found_exception",
                          f"no such index [{name}] and [action.auto_create_index] is [false]")
        return self.indices.setdefault(name, Index())

    def one(self, op, meta, document):
        """The answer to one action."""
        name = meta.get("_index", "")
        self.counts["items"] += 1
        answer = {"_index": name, "_id": meta.get("_id")}
        try:
            if not re.fullmatch(r'[^-_+A-Z"*\\<|,>/? ][^A-Z"*\\<|,>/? ]*', name):
                raise Failure(400, "invalid_index_name_exception", f"Invalid index name [{name}]")
            if op != "delete":
                self.fail_by_document(op, meta, document)
            index = self.index_of(op, meta, name)
            answer["status"], answer["result"] = index.write(op, meta, document)
        except Failure as failure:
            answer.update(status=failure.status, error=failure.error)
        return {op: answer}

    def bulk(self, path_index, body):
        actions = []
        if not body.endswith(b"\n"):
            raise Failure(400, "illegal_argument_exception", "not terminated by a newline")
        lines = body.split(b"\n")[:-1]
        try:
            while lines:
                ((op, meta),) = json.loads(lines.pop(0)).items()
                meta.setdefault("_index", path_index)
                document = None if op == "delete" else json.loads(lines.pop(0))
                if op not in ("index", "create", "update", "delete"):
                    raise ValueError(op)
                actions.append((op, meta, document))
        except (ValueError, AttributeError, IndexError) as error:
            raise Failure(400, "illegal_argument_exception", f"Malformed: {error}") from error
        with self.lock:
            self.counts["bulks"] += 1
            items = [self.one(*action) for action in actions]
        failed = any("error" in next(iter(item.values())) for item in items)
        return {"took": 1, "errors": failed, "items": items}

    def documents(self):
        with self.lock:
            return {name: index.documents for name, index in self.indices.items()}


def filtered(answer):
    """errors,items.*.status,items.*.error: what else may be asked for is not known here."""
    items = [{op: {name: item[name] for name in ("status", "error") if name in item}}
             for whole in answer["items"] for op, item in whole.items()]
    return {"errors": answer["errors"], "items": items}


def signature(method, target, headers, names, scope, secret, digest):
    """Signature Version 4 (IAM User Guide, "Create a signed AWS API request")."""
    path, _, query = target.partition("?")
    encoded = urllib.parse.quote(path, safe="/-_.~")
    canonical = "\n".join(
        [method, encoded, "&".join(sorted(filter(None, query.split("&"))))]
        + [f"{name}:{headers[name].strip()}" for name in names]
        + ["", ";".join(names), digest]
    )
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer of two writes is late by an acknowledgement
    store = None

    def log_message(self, *arguments):
        pass

    def answer(self, status, value, *headers):
        body = json.dumps(value).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if self.store.log:
            self.store.log.write(f"{status} {self.command} {self.path}\n")

    def fail(self, failure):
        self.answer(failure.status, {"error": failure.error, "status": failure.status})

    def check_signature(self, scope, body):
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=[^/]*/(\d+/([^,]*)/aws4_request), "
            r"SignedHeaders=([^,]*), Signature=([0-9a-f]{64})",
            self.headers.get("Authorization", ""))
        digest = hashlib.sha256(body).hexdigest()
        if not found or found[2] != "/".join(reversed(scope.split("/"))):
            raise Failure(403, "x", "Credential should be scoped to " + scope)
        if self.headers.get("x-amz-content-sha256") != digest:
            raise Failure(403, "x", "x-amz-content-sha256 is not the payload's")
        # "Content-Length" must not be signed ("Signing HTTP requests with other clients", Serverless)
        if "content-length" in found[3].split(";"):
            raise Failure(403, "x", "a signed Content-Length")
        want = signature(self.command, self.path, self.headers, found[3].split(";"), found[1],
                         os.environ["AWS_SECRET_ACCESS_KEY"], digest)
        if want != found[4]:
            raise Failure(403, "x", "The request signature we calculated does not match")

    def check_access(self, body):
        options = self.store.arguments
        given = self.headers.get("Authorization", "")
        if options.sigv4:
            self.check_signature(options.sigv4, body)
        if options.basic:
            want = "Basic " + base64.b64encode(options.basic.encode()).decode()
            if given != want:
                raise Failure(401, "security_exception", "missing or wrong credentials")
        if options.api_key and given != "ApiKey " + options.api_key:
            raise Failure(401, "security_exception", "unable to authenticate")

    def root(self):
        options = self.store.arguments
        if options.root_status:
            raise Failure(options.root_status, "security_exception", "no permissions for [cluster:monitor/main]")
        version = {"number": options.number}
        if options.product == "opensearch":
            version["distribution"] = "opensearch"
        self.answer(200, {"name": "fake", "cluster_name": "fake-cluster", "version": version})

    def bulk(self, url, body):
        if len(body) > (self.store.arguments.limit or len(body)):
            raise Failure(413, "content_too_long", "entity content is too long")
        if self.headers.get("Content-Type") not in ("application/x-ndjson", "application/json"):
            raise Failure(406, "media_type_header_exception", "Content-Type")
        index = urllib.parse.unquote(url.path[1:-len("/_bulk")] if url.path != "/_bulk" else "")
        answer = self.store.bulk(index, body)
        if "filter_path" in urllib.parse.parse_qs(url.query):
            answer = filtered(answer)
        self.answer(200, answer)

    def fake(self, path):
        store = self.store
        self.answer(200, {"documents": store.documents(), "templates": store.templates,
                          "counts": store.counts}[path.rpartition("/")[2]])

    def serve(self, url, body):
        if url.path.startswith("/__fake/"):
            return self.fake(url.path)
        self.check_access(body)
        if self.command == "GET" and url.path == "/":
            return self.root()
        if self.command == "HEAD":
            return self.answer(200 if url.path[1:] in self.store.indices else 404, None)
        if self.command == "PUT" and url.path.startswith("/_index_template/"):
            template = json.loads(body)
            if "index_patterns" not in template or set(template) - {
                    "index_patterns", "template", "priority", "composed_of", "version", "_meta"}:
                raise Failure(400, "x_content_parse_exception", "unknown or missing field")
            self.store.templates[url.path.rpartition("/")[2]] = template
            return self.answer(200, {"acknowledged": True})
        if self.command == "POST" and url.path.endswith("/_bulk"):
            return self.bulk(url, body)
        raise Failure(404, "no_handler", f"no handler found for uri [{url.path}]")

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.serve(urllib.parse.urlsplit(self.path), body)
        except Failure as failure:
            self.fail(failure)
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = handle_any


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--product", default="opensearch")
    parser.add_argument("--number", default="2.19.3")
    parser.add_argument("--basic")
    parser.add_argument("--api-key")
    parser.add_argument("--sigv4")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--client-ca")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--log")
    parser.add_argument("--root-status", type=int)
    parser.add_argument("--no-auto-create", action="store_true")
    parser.add_argument("--index", action="append", default=[])
    arguments = parser.parse_args()
    Handler.store = Store(arguments)
    server = Server(("127.0.0.1", 0), Handler)
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
        if arguments.client_ca:
            context.load_verify_locations(arguments.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
