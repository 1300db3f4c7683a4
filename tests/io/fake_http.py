#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server that misbehaves on request, for tests/unit/test_http.c.

Prints its port (and with --tls CERT KEY that of its TLS side) and serves until its standard input
ends. The path says what happens; `key` counts requests apart from each other. As a proxy it answers
absolute URLs itself and refuses tunnels to "refused".
"""
import argparse
import collections
import socket
import ssl
import sys
import threading
import time
import urllib.parse

lock = threading.Lock()
counts = collections.Counter()
sent = collections.Counter()


def bump(counter, key, n=1):
    with lock:
        counter[key] += n
        return counter[key]


def reply(status, body=b"", *headers):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def pattern(begin, n):
    """Bytes that tell where they are: 8 digits at a time."""
    first = begin // 8
    text = b"".join(b"%08d" % i for i in range(first, (begin + n) // 8 + 1))
    return text[begin - first * 8:][:n]


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")

    def read_request(self):
        line = self.file.readline(65536)
        if not line:
            return None
        self.method, self.target, _ = line.decode("latin-1").split()
        self.head = line
        self.headers = {}
        while True:
            line = self.file.readline(65536)
            self.head += line
            if line in (b"\r\n", b""):
                break
            name, value = line.decode("latin-1").split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.body = self.file.read(int(self.headers.get("content-length", 0)))
        url = urllib.parse.urlsplit(self.target)
        self.path = url.path
        self.arg = dict(urllib.parse.parse_qsl(url.query))
        return self

    def send(self, data):
        self.sock.sendall(data)

    def serve(self):
        while self.read_request():
            if self.method == "CONNECT":
                refused = self.target.startswith("refused")
                self.send(reply(407 if refused else 502))
                continue
            if self.target.startswith("http://"):
                self.send(reply(200, "proxied " + self.target))
                continue
            name = self.path.split("/")[1]
            if getattr(self, "do_" + name)() is False:
                return

    # one function a path; False closes the connection

    def do_ok(self):
        self.send(reply(200, "hello"))

    def do_echo(self):
        self.send(reply(200, self.head + self.body, "X-Two: first", "x-two:  second  "))

    def do_chunked(self):
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")

    def do_interim(self):
        self.send(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + reply(200, "hello"))

    def do_fail(self):
        """n times `status`, then 200; says to come `after`, or at once by a clock that is `ahead`"""
        count = bump(counts, self.arg["key"])
        if count > int(self.arg.get("n", 1)):
            self.send(reply(200, f"after {count - 1}"))
            return
        headers = []
        if "after" in self.arg:
            headers.append("Retry-After: " + self.arg["after"])
        if "ahead" in self.arg:
            headers += [name + time.strftime("%a, %d %b %Y %H:%M:%S GMT",
                                             time.gmtime(time.time() + int(self.arg["ahead"])))
                        for name in ("Date: ", "Retry-After: ")]
        self.send(reply(self.arg.get("status", "503"), "sorry", *headers))

    def do_count(self):
        self.send(reply(200, str(counts[self.arg["key"]])))

    def do_sent(self):
        self.send(reply(200, str(sent[self.arg["key"]])))

    def do_close(self):
        bump(counts, self.arg.get("key", ""))
        return False

    def do_redirect(self):
        self.send(reply(301, "moved", "Location: /ok"))

    def do_long(self):
        """an error of so many bytes"""
        left = int(self.arg["bytes"])
        head = f"HTTP/1.1 {self.arg['status']} Because\r\nContent-Length: {left}\r\n\r\n"
        self.send(head.encode())
        while left:
            piece = b"x" * min(left, 65536)
            self.send(piece)
            bump(sent, self.arg.get("key", ""), len(piece))
            left -= len(piece)

    def do_garbage(self):
        self.send(b"\x00\x01\x02 nothing of HTTP\r\n\r\n" * 10)
        return False

    def do_headers(self):
        line = "X-Long: " + "y" * 8000
        self.send(reply(200, "hello", *[line] * int(self.arg["lines"])))

    def do_cut(self):
        """half of what is promised, n times"""
        if bump(counts, self.arg["key"]) > int(self.arg.get("n", 1000)):
            self.send(reply(200, "whole"))
            return None
        head = f"HTTP/1.1 {self.arg.get('status', '200')} Because\r\nContent-Length: 1000\r\n\r\n"
        self.send(head.encode() + b"z" * int(self.arg["bytes"]))
        return False

    def do_stall(self):
        """stops for ever, n times: `at` says before or behind the headers"""
        if bump(counts, self.arg["key"]) > int(self.arg.get("n", 1000)):
            self.send(reply(200, "whole"))
            return None
        if self.arg.get("at") == "body":
            self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"z" * 500)
        self.file.read(1)
        return False

    def do_trickle(self):
        """slower than any limit as a whole, but never silent for long"""
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.05)
            self.send(b"t")

    def do_big(self):
        """Bytes that tell where they are; /sent?key= says how many the client took."""
        left, at = int(self.arg["bytes"]), 0
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
        while left:
            piece = pattern(at, min(left, 65536))
            self.send(piece)
            bump(sent, self.arg["key"], len(piece))
            at += len(piece)
            left -= len(piece)

    def do_date(self):
        """a clock that differs by `offset` seconds; refuses a time not its own, unless lenient"""
        now = time.time() + float(self.arg["offset"])
        date = "Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now))
        bump(counts, self.arg.get("key", ""))
        signed = float(self.headers.get("x-signed", "0"))
        if "lenient" not in self.arg and abs(signed - now) > 60:
            self.send(reply(403, "skewed", date, *self.extra()))
        else:
            self.send(reply(200, "in time", date, *self.extra()))

    def extra(self):
        return [self.arg["header"]] if "header" in self.arg else []

    def do_token(self):
        """wants X-Token: `want`"""
        bump(counts, self.arg["key"])
        if self.headers.get("x-token") == self.arg["want"]:
            self.send(reply(200, "welcome"))
        else:
            self.send(reply(400, "expired"))


def handle(sock, tls):
    try:
        if tls:
            sock = tls.wrap_socket(sock, server_side=True)
        Connection(sock).serve()
    except (OSError, ValueError, ssl.SSLError):
        pass
    finally:
        sock.close()


def accept(listener, tls):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=handle, args=(sock, tls), daemon=True).start()


def listen(tls):
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    threading.Thread(target=accept, args=(listener, tls), daemon=True).start()
    return str(listener.getsockname()[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2)
    options = parser.parse_args()
    ports = [listen(None)]
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        ports.append(listen(context))
    print(*ports, flush=True)
    sys.stdin.read()


main()
