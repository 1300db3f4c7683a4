# SPDX-License-Identifier: MIT
"""The side of fake_s3.py that is written to: objects, uploads in parts, conditions, and faults on order.

Every request's signature is verified, and so are the hash and the CRC-64/NVME of what it carries; what S3
would refuse is refused with its codes (Amazon S3 API Reference, "PutObject", "UploadPart",
"CompleteMultipartUpload", "Error responses").

PUT /-/faults with lines "REGEX<tab>FAULT" sets what the next requests have whose "METHOD KEY?QUERY" match,
each line for one request:

  NNN CODE        answered with this status and code, and not done
  200 CODE        a good status with an error in the body, and not done
  done CODE       the same, but done
  moved           the bucket is in another region
  lost            done, and the connection ends without an answer
  half            the connection ends after half of the answer's body
  late            done, and answered half a second later
  cut             the connection ends after half of the body came
  blanks          done; blanks before and in the answer
  empty           done, and the answer has no body and no entity tag
  other TEXT      before it is done somebody else writes TEXT there
  same            before it is done somebody else writes the same there
  gone            before it is done somebody else removes the object, or aborts the upload
  bare            a HEAD without checksum
  hang            no answer until the client goes away

GET /-/store/BUCKET tells objects, uploads and requests, a line each.
"""
import base64
import collections
import hashlib
import hmac
import re
import threading
import time
import urllib.parse

SECRETS = {"AKIAIOSFODNN7EXAMPLE": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
PART_BYTES_MIN = 5 * 1024 * 1024
POLYNOMIAL = 0x9a6c9329ac4bc9b5
STYLE = ("content-type", "content-encoding", "x-amz-storage-class", "x-amz-server-side-encryption",
         "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-tagging", "x-amz-acl")

lock = threading.RLock()
objects = collections.defaultdict(dict)  # by bucket: key: (bytes, headers, entity tag, checksum)
uploads = {}                             # by id
requests = collections.defaultdict(list)
faults = []
PERIOD = 4096  # of the tests' bytes; what has none takes a second a megabyte


def shift(a):
    return a >> 1 ^ (POLYNOMIAL if a & 1 else 0)


TABLE = []
for byte in range(256):
    crc = byte
    for _ in range(8):
        crc = shift(crc)
    TABLE.append(crc)


def multiply(a, b):
    product = 0
    for bit in range(63, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = shift(b)
    return product


def join(first, second, count):
    power = 1 << 63 - 8
    while count:
        if count & 1:
            first = multiply(first, power)
        power = multiply(power, power)
        count >>= 1
    return first ^ second


def plain_crc64(data):
    crc, table = (1 << 64) - 1, TABLE
    for b in data:
        crc = crc >> 8 ^ table[(crc ^ b) & 255]
    return crc ^ (1 << 64) - 1


def crc64(data):
    block, count = data[:PERIOD], len(data) // PERIOD
    if count < 2 or data[:count * PERIOD] != block * count:
        return plain_crc64(data)
    whole, size, one = 0, PERIOD, plain_crc64(block)
    rest = plain_crc64(data[count * PERIOD:])
    while count:
        if count & 1:
            whole = join(whole, one, size)
        one = join(one, one, size)
        size *= 2
        count >>= 1
    return join(whole, rest, len(data) % PERIOD)


def text_of(crc):
    return base64.b64encode(crc.to_bytes(8, "big")).decode()


class Refused(Exception):
    def __init__(self, status, code, message="It is so."):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Lost(Exception):
    pass


class Store:
    """Mixed into a BaseHTTPRequestHandler that has answer() and error()."""

    # ---- what came ----

    def take(self):
        """The request's parts; True where it is one for the store."""
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        _, self.bucket, *key = url.path.split("/", 2)
        self.key = urllib.parse.unquote(key[0]) if key else ""
        return self.bucket.startswith("store")

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def verify(self, body):
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]*)/(\d{8})/([^/]*)/s3/aws4_request,\s*"
                             r"SignedHeaders=([^,]*),\s*Signature=([0-9a-f]{64})",
                             self.headers.get("Authorization", ""))
        if not found:
            raise Refused(403, "AccessDenied", "no signature")
        access, day, region, names, signature = found.groups()
        wanted = {name.lower() for name in self.headers
                  if name.lower().startswith("x-amz-") or name.lower() in ("host", "if-none-match")}
        if not wanted <= set(names.split(";")):
            raise Refused(403, "SignatureDoesNotMatch", "too few headers are signed")
        digest = hashlib.sha256(body).hexdigest()
        if self.headers["x-amz-content-sha256"] != digest:
            raise Refused(400, "XAmzContentSHA256Mismatch")
        path, _, query = self.path.partition("?")
        canonical = "\n".join(
            [self.command, path, "&".join(sorted(query.split("&")))]
            + [f"{n}:{' '.join(self.headers.get(n, '').split())}" for n in names.split(";")]
            + ["", names, digest])
        scope = f"{day}/{region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["X-Amz-Date"], scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + SECRETS.get(access, "?")).encode()
        for part in scope.split("/") + [text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        if key.hex() != signature:
            raise Refused(403, "SignatureDoesNotMatch", canonical)

    def check_crc(self, body):
        told = self.headers.get("x-amz-checksum-crc64nvme")
        if told and told != text_of(crc64(body)):
            raise Refused(400, "BadDigest")
        return told

    # ---- one function a verb ----

    def serve(self):
        what = f"{self.command} {self.key}?{urllib.parse.urlsplit(self.path).query}"
        fault = ""
        with lock:
            for i, (regex, word) in enumerate(faults):
                if re.search(regex, what):
                    fault = faults.pop(i)[1]
                    break
            requests[self.bucket].append(f"{what} {fault}".rstrip())
        if fault == "cut":
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            self.close_connection = True
            return
        body = self.read_body()
        if fault == "hang":
            self.rfile.read(1)
            self.close_connection = True
            return
        try:
            self.do_faulty(body, fault)
        except Refused as e:
            text = self.error_text(e.code, e.message) if self.command != "HEAD" else ""
            self.answer(e.status, text)
        except Lost:
            self.close_connection = True

    def do_faulty(self, body, fault):
        word, _, rest = fault.partition(" ")
        self.is_bare = word == "bare"
        if self.bucket == "store-none":
            raise Refused(404, "NoSuchBucket")
        if word.isdigit() and word != "200":
            raise Refused(int(word), rest)
        if word == "moved":
            self.answer(301, self.error_text("PermanentRedirect") if body else "",
                        x_amz_bucket_region="eu-south-9")
            return
        if word == "200":
            self.answer(200, self.error_text(rest))
            return
        with lock:
            self.verify(body)
            self.meddle(word, rest, body)
            status, answer, headers = getattr(self, "do_" + self.command.lower() + "_stored")(body)
        if word == "lost":
            raise Lost
        if word == "late":
            time.sleep(0.5)
        if word == "done":
            answer, headers = self.error_text(rest), {}
        if word == "blanks":
            head, sep, tail = answer.partition("?>")
            answer = f"   \n{head}{sep}\n \n  {tail}"
        if word == "empty":
            answer, headers = "", {}
        if word == "half":
            headers["content_length"] = len(answer)
            answer = answer[:len(answer) // 2]
            self.close_connection = True
        self.answer(status, answer, **headers)

    def meddle(self, word, text, body):
        """What somebody else does meanwhile."""
        if word == "other":
            data = text.encode()
        elif word == "same" and "uploadId" in self.query:
            parts = uploads[self.query["uploadId"]]["parts"]
            data = b"".join(parts[n][0] for n in sorted(parts))
        elif word == "same":
            data = body
        else:
            if word == "gone":
                objects[self.bucket].pop(self.key, None)
                uploads.pop(self.query.get("uploadId"), None)
            return
        objects[self.bucket][self.key] = (data, {}, '"other"', text_of(crc64(data)))

    def check_condition(self):
        condition = self.headers.get("If-None-Match")
        if condition not in (None, "*"):
            raise Refused(501, "NotImplemented")
        if condition and self.key in objects[self.bucket]:
            raise Refused(412, "PreconditionFailed")
        # "PutObject", If-Match
        match = self.headers.get("If-Match")
        if match and self.key not in objects[self.bucket]:
            raise Refused(404, "NoSuchKey")
        if match and match != objects[self.bucket][self.key][2]:
            raise Refused(412, "PreconditionFailed")

    def style(self):
        return {name: self.headers[name] for name in STYLE if name in self.headers}

    def upload(self):
        upload = uploads.get(self.query.get("uploadId"))
        if not upload or (upload["bucket"], upload["key"]) != (self.bucket, self.key):
            raise Refused(404, "NoSuchUpload")
        return upload

    def do_put_stored(self, body):
        told = self.check_crc(body)
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        if "partNumber" in self.query:
            number = int(self.query["partNumber"])
            if not 1 <= number <= 10000:
                raise Refused(400, "InvalidArgument")
            if set(self.style()) or "If-None-Match" in self.headers:
                raise Refused(400, "InvalidArgument", "not of a part")
            self.upload()["parts"][number] = (body, etag, told)
            return 200, "", {"etag": etag}
        if self.headers.get("x-amz-storage-class") == "NONE":
            raise Refused(400, "InvalidStorageClass")
        self.check_condition()
        objects[self.bucket][self.key] = (body, self.style(), etag, told)
        return 200, "", {"etag": etag}

    def do_post_stored(self, body):
        if "uploads" in self.query:
            if "If-None-Match" in self.headers:
                raise Refused(400, "InvalidArgument")
            name = f"id/{len(requests[self.bucket])}+={len(uploads)}"
            uploads[name] = {"bucket": self.bucket, "key": self.key, "parts": {},
                             "style": self.style(),
                             "sum": self.headers.get("x-amz-checksum-algorithm"),
                             "type": self.headers.get("x-amz-checksum-type")}
            return 200, ('<?xml version="1.0" encoding="UTF-8"?>\n<InitiateMultipartUploadResult '
                         'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                         f"<Bucket>{self.bucket}</Bucket><Key>x</Key><UploadId>{name}</UploadId>"
                         "</InitiateMultipartUploadResult>"), {}
        return self.complete(self.upload(), body.decode())

    def complete(self, upload, xml):
        listed = re.findall(r"<Part>(.*?)</Part>", xml)
        data, crc = b"", 0
        if not listed:
            raise Refused(400, "MalformedXML")
        for i, part in enumerate(listed):
            fields = dict(re.findall(r"<(\w+)>([^<]*)</", part))
            if int(fields["PartNumber"]) != i + 1 or i + 1 not in upload["parts"]:
                raise Refused(400, "InvalidPart")
            body, etag, told = upload["parts"][i + 1]
            if fields["ETag"] != etag or fields.get("ChecksumCRC64NVME") != told:
                raise Refused(400, "InvalidPart")
            if len(body) < PART_BYTES_MIN and i + 1 < len(listed):
                raise Refused(400, "EntityTooSmall")
            data += body
            crc = join(crc, crc64(body), len(body))
        told = self.headers.get("x-amz-checksum-crc64nvme")
        if upload["sum"] and (upload["sum"], upload["type"]) != ("CRC64NVME", "FULL_OBJECT"):
            raise Refused(400, "InvalidRequest")
        if told and told != text_of(crc):
            raise Refused(400, "BadDigest")
        if int(self.headers.get("x-amz-mp-object-size", len(data))) != len(data):
            raise Refused(400, "InvalidRequest")
        self.check_condition()
        etag = f'"parts-{len(listed)}"'
        objects[self.bucket][self.key] = (data, upload["style"], etag, told)
        del uploads[self.query["uploadId"]]
        return 200, ('<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUploadResult '
                     'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Location>x</Location>'
                     f"<ETag>{etag.replace(chr(34), '&quot;')}</ETag>"
                     "</CompleteMultipartUploadResult>"), {}

    def do_delete_stored(self, body):
        self.upload()
        del uploads[self.query["uploadId"]]
        return 204, "", {}

    def do_head_stored(self, body):
        if self.key not in objects[self.bucket]:
            raise Refused(404, "NoSuchKey")
        data, style, etag, told = objects[self.bucket][self.key]
        headers = {"etag": etag, "content_length": len(data)}
        if told and not self.is_bare and self.headers.get("x-amz-checksum-mode") == "ENABLED":
            headers["x-amz-checksum-crc64nvme"] = told
        return 200, "", headers

    def do_get_stored(self, body):
        if not self.key:
            return self.list_uploads()
        if self.key not in objects[self.bucket]:
            raise Refused(404, "NoSuchKey")
        data, _, etag, _ = objects[self.bucket][self.key]
        if self.headers.get("If-Match", etag) != etag:
            raise Refused(412, "PreconditionFailed")
        return 200, data, {"etag": etag}

    def list_uploads(self):
        """Two a page; a key with several uploads has them in the order of their ids."""
        if "uploads" not in self.query or self.query.get("encoding-type") != "url":
            raise Refused(400, "InvalidArgument")
        # without an id the listing goes on behind the key
        marker = (self.query.get("key-marker", ""), self.query.get("upload-id-marker", "~"))
        found = sorted((u["key"], name) for name, u in uploads.items()
                       if u["bucket"] == self.bucket
                       and u["key"].startswith(self.query.get("prefix", "")))
        found = [entry for entry in found if entry > marker]
        page, more = found[:2], len(found) > 2
        items = "".join(f"<Upload><Key>{urllib.parse.quote_plus(key)}</Key><UploadId>{name}</UploadId>"
                        "<Initiator><ID>x</ID></Initiator></Upload>" for key, name in page)
        if more:
            key, name = page[-1]
            items += (f"<NextKeyMarker>{urllib.parse.quote_plus(key)}</NextKeyMarker>"
                      f"<NextUploadIdMarker>{name}</NextUploadIdMarker>")
        return 200, ('<?xml version="1.0" encoding="UTF-8"?>\n<ListMultipartUploadsResult '
                     'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                     f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
                     f"{items}</ListMultipartUploadsResult>"), {}

    # ---- what the test asks ----

    def control(self):
        if self.command == "PUT":
            with lock:
                faults[:] = [line.split("\t") for line in self.read_body().decode().splitlines()]
            self.answer(200)
            return
        bucket = self.key.partition("/")[2]
        lines = []
        with lock:
            for key, (data, style, etag, told) in sorted(objects[bucket].items()):
                lines.append(f"object {key} {len(data)} {hashlib.sha256(data).hexdigest()}"
                             + "".join(f" {n}={v}" for n, v in sorted(style.items())))
            lines += [f"upload {u['key']} {len(u['parts'])}" for _, u in sorted(uploads.items())
                      if u["bucket"] == bucket]
            lines += [f"request {r}" for r in requests[bucket]]
        self.answer(200, "".join(line + "\n" for line in lines))
