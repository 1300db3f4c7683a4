#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An S3 whose faults the names of buckets and keys choose, for tests/unit/test_s3.c and test_s3_put*.c.

Prints its port and serves path-style requests until its standard input ends. Buckets named store-... can
be written to (s3_store.py says how). For all others signatures are not verified, but the region in them
counts. GET /-/BUCKET tells how many requests a bucket had.

Objects of the bucket `big` are named KIND-SIZE[-NUMBER]: bytes that tell where they are.
"""
import collections
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True  # the source tree may be read-only
import s3_store  # noqa: E402

HOME = "eu-south-9"
ODD = ["a", "b c", "d+e", "f%g", "f%2Fh", "h/../i", "h//j", "j\x01k\r\n", "l&<m>'\"", "ü/ë",
       "日本.json"]
counts = collections.Counter()
lock = threading.Lock()


def pattern(begin, n):
    first = begin // 8
    text = b"".join(b"%08d" % i for i in range(first, (begin + n) // 8 + 1))
    return text[begin - first * 8:][:n]


def error(code, message="It is so.", extra=""):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>{message}</Message>{extra}<RequestId>4442587FB7D0A2F9</RequestId></Error>")


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def contents(key, size=7, storage="STANDARD", extra="", etag='"00"'):
    key = urllib.parse.quote_plus(key)
    return (f"<Contents><Key>{key}</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>"
            f"<ETag>{escape(etag)}</ETag><Size>{size}</Size><Owner><ID>x</ID></Owner>"
            f"<StorageClass>{storage}</StorageClass>{extra}</Contents>")


def listing(items, token=None, encoding="<EncodingType>url</EncodingType>"):
    more = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
    truncated = "true" if token else "false"
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>x</Name><Prefix></Prefix>{more}<KeyCount>1</KeyCount><MaxKeys>3</MaxKeys>"
            f"<IsTruncated>{truncated}</IsTruncated>{''.join(items)}{encoding}</ListBucketResult>")


BAD_LISTINGS = {
    "bad-empty": "",
    "bad-text": "not XML at all",
    "bad-cut": listing([contents("a")])[:-30],
    "bad-root": '<?xml version="1.0"?><Other/>',
    "bad-deep": "<ListBucketResult>" + "<a>" * 20 + "</a>" * 20 + "</ListBucketResult>",
    "bad-doctype": '<!DOCTYPE x [<!ENTITY e "eeee">]><ListBucketResult></ListBucketResult>',
    "bad-size": listing([contents("a", size="-1")]),
    "bad-huge": listing([contents("a", size="99999999999999999999")]),
    "bad-time": listing([contents("a").replace("2009", "20O9")]),
    "bad-key": listing([contents("a" * 1025)]),
    "bad-nul": listing([contents("a\x00b")]),
    "bad-encoding": listing([contents("a")]).replace("<Key>a", "<Key>%4"),
    "bad-nokey": listing([contents("")]),
    "bad-order": listing([contents("b"), contents("a")]),
    "bad-twice": listing([contents("a"), contents("a")]),
    "bad-prefix": listing([contents("zz")]),
    "bad-token": listing([contents("a")]).replace("<IsTruncated>false", "<IsTruncated>true"),
    # an empty page for ever
    "bad-page": listing([], token="more"),
    # the same page for ever
    "bad-loop": listing([contents("p")], token="again"),
}


class Handler(s3_store.Store, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        body = body.encode() if isinstance(body, str) else body
        self.send_response_only(status)
        if "date" in headers:
            self.send_header("Date", headers.pop("date"))
        headers.setdefault("content_length", len(body))
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    error_text = staticmethod(error)

    def do_PUT(self):
        if self.take():
            self.serve()
        elif self.bucket == "-":
            self.control()
        else:
            self.answer(405, error("MethodNotAllowed"))

    do_POST = do_DELETE = do_HEAD = do_PUT

    def do_GET(self):
        if self.take():
            self.serve()
            return
        if self.bucket == "-" and self.key.startswith("store/"):
            self.control()
            return
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        _, bucket, *key = url.path.split("/", 2)
        self.bucket, self.key = bucket, urllib.parse.unquote(key[0]) if key else ""
        if bucket == "-":
            self.answer(200, str(counts[self.key]))
            return
        with lock:
            counts[bucket] += 1
            counts[bucket + "/" + self.key] += 1
        self.count = counts[bucket + "/" + self.key]
        if not self.refuse():
            if self.key:
                self.get_object()
            else:
                self.list_objects()

    def region(self):
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
        return scope[2] if len(scope) > 2 else ""

    # faults of whole buckets

    def refuse(self):
        name, away = self.bucket, self.region() != HOME
        if name == "moved-301" and away:
            self.answer(301, error("PermanentRedirect"), x_amz_bucket_region=HOME)
        elif name == "moved-307" and away:
            self.answer(307, error("TemporaryRedirect"), x_amz_bucket_region=HOME,
                        location="http://127.0.0.1:1/")
        elif name == "moved-400" and away:
            region = f"<Region>{HOME}</Region>"
            self.answer(400, error("AuthorizationHeaderMalformed", extra=region))
        elif name == "moved-always":
            self.answer(301, error("PermanentRedirect"), x_amz_bucket_region=f"r-{self.count}")
        elif name == "moved-nowhere":
            self.answer(301, error("PermanentRedirect"))
        elif name == "moved-badly":
            self.answer(301, error("PermanentRedirect"), x_amz_bucket_region="evil.example/?")
        elif name == "slow" and self.count <= 2:
            self.answer(503, error("SlowDown", "Please reduce your request rate."))
        elif name == "slow-always":
            self.answer(503, error("SlowDown", "Please reduce your request rate."))
        elif name == "timeout" and self.count <= 2:
            self.answer(400, error("RequestTimeout"))
        elif name == "denied":
            self.answer(403, error("AccessDenied", "Access\nDenied"))
        elif name == "forbidden":
            self.answer(403)
        elif name == "nobucket":
            self.answer(404, error("NoSuchBucket"))
        elif name == "expired":
            self.answer(400, error("ExpiredToken", "The provided token has expired."))
        elif name == "skewed":
            now = time.gmtime(time.time() + 3600)
            if self.headers["X-Amz-Date"][:11] == time.strftime("%Y%m%dT%H", now):
                return False
            self.answer(403, error("RequestTimeTooSkewed"),
                        date=time.strftime("%a, %d %b %Y %H:%M:%S GMT", now))
        elif name == "payer" and self.headers.get("x-amz-request-payer") != "requester":
            self.answer(403, error("AccessDenied"))
        elif name == "unsigned" and "Authorization" in self.headers:
            self.answer(400, error("InvalidRequest"))
        else:
            return False
        return True

    # listings

    def list_objects(self):
        if self.bucket in BAD_LISTINGS:
            self.answer(200, BAD_LISTINGS[self.bucket])
            return
        if self.query.get("list-type") != "2" or self.query.get("encoding-type") != "url":
            self.answer(400, error("InvalidArgument"))
            return
        if self.bucket == "plain-keys":
            self.answer(200, listing([contents("a")], encoding="").replace("<Key>a", "<Key>a+b%25"))
            return
        if self.bucket == "sparse":
            pages = [[], [], [contents("a")], [], [contents("b")], []]
            at = int(self.query.get("continuation-token", "0"))
            self.answer(200, listing(pages[at], str(at + 1) if at + 1 < len(pages) else None))
            return
        if self.bucket == "archive":
            restored = ("<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                        "<RestoreExpiryDate>2030-10-12T17:50:30.000Z</RestoreExpiryDate>"
                        "</RestoreStatus>")
            self.answer(200, listing([
                contents("a", storage="GLACIER"), contents("b", storage="DEEP_ARCHIVE"),
                contents("c", storage="GLACIER_IR"), contents("d", storage="STANDARD_IA"),
                contents("e", storage="GLACIER", extra=restored)]))
            return
        if self.bucket.startswith("many-"):
            keys = [f"k{i:06}" for i in range(int(self.bucket.split("-")[1]))]
        else:
            keys = sorted(ODD, key=lambda key: key.encode())
        keys = [key for key in keys if key.startswith(self.query.get("prefix", ""))]
        size = 1000 if len(keys) > 100 else 3
        # tokens want encoding
        begin = int(self.query.get("continuation-token", "0+/=").partition("+")[0])
        token = f"{begin + size}+/=" if begin + size < len(keys) else None
        self.answer(200, listing([contents(key, size=len(key)) for key in keys[begin:begin + size]],
                                 token))

    # objects

    def get_object(self):
        kind, _, rest = self.key.partition("-")
        size, _, number = rest.partition("-")
        if self.bucket != "big" or not size.isdigit():
            if self.key == "key":
                self.answer(200, "content", etag='"00"')
            else:
                self.answer(404, error("NoSuchKey", "The specified key does not exist."))
            return
        self.send_big(kind, int(size), int(number or 0))

    def send_big(self, kind, size, number):
        etag = '"v1"'
        if kind == "changed" and self.count > 1:
            etag = '"v2"'
        if kind == "grown" and self.count > 1:
            size += 1
        match = self.headers.get("If-Match", etag)
        if match != etag and kind != "nomatch":
            self.answer(412, error("PreconditionFailed"))
            return
        if kind == "nomatch":
            etag = f'"v{self.count}"'
        begin, end, ranged = 0, size, self.headers.get("Range")
        if ranged and kind not in ("norange", "norangecut"):
            first, _, last = ranged.removeprefix("bytes=").partition("-")
            begin = int(first)
            if last:
                end = min(end, int(last) + 1)
            if begin >= size:
                actual = f"<ActualObjectSize>{size}</ActualObjectSize>"
                self.answer(416, error("InvalidRange", extra=actual),
                            content_range=f"bytes */{size}" if kind == "plain" else None)
                return
        if kind == "pieces":
            end = min(end, begin + number)
        elif kind == "stuck" and begin:
            self.close_connection = True
            return
        headers = {"etag": etag, "content_length": end - begin}
        status = 200
        if ranged and kind not in ("norange", "norangecut"):
            shift = 1 if kind == "badrange" else 0
            headers["content_range"] = f"bytes {begin + shift}-{end - 1}/{size}"
            status = 206
        if kind == "nolength":
            headers["content_length"] = None
        if kind in ("chunked", "unended"):
            headers["content_length"] = None
            headers["transfer_encoding"] = "chunked"
        if kind == "longer":
            headers["content_length"] = size + 1
        self.answer(status, **headers)
        if number and kind in ("cut", "changed", "grown", "nomatch", "stuck", "norangecut"):
            self.close_connection = True
            end = min(end, begin + number * (self.count if kind == "norangecut" else 1))
        if kind == "longer":
            end += 1
        while begin < end:
            piece = pattern(begin, min(end - begin, 1 << 16))
            if kind in ("chunked", "unended"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                self.wfile.write(piece)
            begin += len(piece)
        if kind == "chunked":
            self.wfile.write(b"0\r\n\r\n")
        if kind in ("nolength", "unended"):
            self.close_connection = True


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
