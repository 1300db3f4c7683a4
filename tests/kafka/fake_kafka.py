#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Brokers that answer questions about topics, groups and offsets with what a file says, errors too.

usage: fake_kafka.py STATE [LOG]

Prints the first broker's address. STATE is a JSON object, all members may be missing:
  brokers  how many there are, with the ids 0, 1 ... (1)
  silent   {API: [ID, ...]}: brokers that say nothing to such a request
  topics   {NAME: [{"begin": 0, "end": 0, "leader": 0, "error": 0, "untold": false}, ...]}, a partition
           each; answers about offsets leave those out that are untold
  hidden   topics that metadata of one topic alone, and DescribeConfigs, say do not exist
  configs  {TOPIC: {NAME: VALUE}}
  source   where DescribeConfigs says that these come from (1: set on the topic)
  unknown  APIs that ApiVersions does not tell of
  groups   {NAME: {"offsets": {TOPIC: [OFFSET or null, ...]}, "errors": {TOPIC: [CODE, ...]},
            "state": "Empty", "protocol": "range"}}; "state": null: DescribeGroups says Dead
  failures {API or API@ID or API=GROUP: [CODE, ...]}: the errors of the first requests; a last one
            that is negative is that of all that follow
and what fake_changes.py reads. LOG gets a line a request: the API's name, and the broker's id. Formats:
Kafka's protocol guide, https://kafka.apache.org/protocol
"""
import json
import socketserver
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True  # the source tree may be read-only
from fake_changes import Changes  # noqa: E402

NAMES = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 9: "OffsetFetch",
         10: "FindCoordinator", 15: "DescribeGroups", 16: "ListGroups", 18: "ApiVersions", 32: "DescribeConfigs"}
# ranges that end below the first flexible version; librdkafka fetches so only where Produce (0) fits
VERSIONS = {0: (3, 3), 1: (4, 4), 2: (1, 1), 3: (1, 1), 9: (2, 2), 10: (0, 0), 15: (0, 0), 16: (0, 0),
            18: (0, 0), 32: (1, 1)}
UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, UNSUPPORTED_VERSION = 3, 5, 35
TOPIC_RESOURCE, TOPIC_CONFIG = 2, 1


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def text(self):
        size = self.take("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode("utf-8", "surrogateescape")

    def array(self, read):
        count = self.take("i")
        return None if count < 0 else [read() for _ in range(count)]


def text(value):
    if value is None:
        return struct.pack(">h", -1)
    data = value.encode("utf-8", "surrogateescape")
    return struct.pack(">h", len(data)) + data


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


def ints(values):
    return array(struct.pack(">i", v) for v in values)


def next_failure(*keys):
    """The error of this request, by the first of the keys that has one."""
    with lock:
        for key in keys:
            codes = state.get("failures", {}).get(key)
            if codes:
                return -codes[0] if codes[0] < 0 else codes.pop(0)
    return 0


def metadata(body, node):
    names = body.array(body.text)
    topics = state.get("topics", {})
    asked = list(topics) if names is None else names
    brokers = array(struct.pack(">i", i) + text("127.0.0.1") + struct.pack(">i", s.server_address[1]) + text(None)
                    for i, s in enumerate(servers))

    def topic(name):
        parts = topics.get(name, [])
        gone = name not in topics or (names is not None and name in state.get("hidden", []))
        code = UNKNOWN_TOPIC if gone else next_failure("Metadata=" + name)
        return struct.pack(">h", code) + text(name) + b"\0" + array(
            partition(i, p) for i, p in enumerate([] if code else parts))

    def partition(number, part):
        leader = part.get("leader", 0)
        return struct.pack(">hii", LEADER_NOT_AVAILABLE if leader < 0 else 0, number, leader) + ints([0]) + ints(
            [0] if leader >= 0 else [])

    return brokers + struct.pack(">i", 0) + array(topic(n) for n in asked)


def fetch(body, node):
    """An error, or nothing."""
    for form in "iiiib":
        body.take(form)

    def one(name):
        number = body.take("i")
        body.take("q"), body.take("i")
        code = next_failure("Fetch=" + name)
        end = state["topics"][name][number].get("end", 0)
        return struct.pack(">ihqqii", number, code, -1 if code else end, -1 if code else end, 0, 0)

    def topic():
        name = body.text()
        return text(name) + array(body.array(lambda: one(name)))

    topics = body.array(topic)
    time.sleep(0.02)
    return struct.pack(">i", 0) + array(topics)


def list_offsets(body, node):
    body.take("i")

    def one(name):
        number, time = body.take("i"), body.take("q")
        part = state["topics"][name][number]
        if part.get("untold"):
            return None
        code = part.get("error", 0) or next_failure("ListOffsets=%s" % name)
        offset = part.get("end", 0) if time == -1 else part.get("begin", 0)
        return struct.pack(">ihqq", number, code, -1, -1 if code else offset)

    def topic():
        name = body.text()
        return text(name) + array(p for p in body.array(lambda: one(name)) if p)

    return array(body.array(topic))


def offset_fetch(body, node):
    group = body.text()
    wanted = body.array(lambda: (body.text(), body.array(lambda: body.take("i"))))
    code = next_failure("OffsetFetch=" + group, "OffsetFetch@%d" % node, "OffsetFetch")
    known = {} if code else state.get("groups", {}).get(group, {})
    offsets, errors = known.get("offsets", {}), known.get("errors", {})
    # null or, of librdkafka 2.0.2 below the first flexible version, none: all
    assert not wanted

    def topic(name):
        codes = errors.get(name, [])
        return text(name) + array(
            struct.pack(">iq", i, -1 if o is None else o) + text("") +
            struct.pack(">h", codes[i] if i < len(codes) else 0) for i, o in enumerate(offsets[name]))

    return array(topic(n) for n in offsets) + struct.pack(">h", code)


def find_coordinator(body, node):
    group = body.text()
    code = next_failure("FindCoordinator=" + group, "FindCoordinator")
    known = state.get("groups", {}).get(group, {}).get("coordinator", 0)
    return struct.pack(">hi", code, -1 if code else known) + text("127.0.0.1") + struct.pack(
        ">i", servers[known].server_address[1])


def describe_groups(body, node):
    def one():
        name = body.text()
        code = next_failure("DescribeGroups=" + name, "DescribeGroups")
        group = state.get("groups", {}).get(name, {"state": None})
        label = group.get("state", "Empty")
        return struct.pack(">h", code) + text(name) + text("Dead" if label is None else label) + text(
            "" if label is None else "consumer") + text(group.get("protocol", "")) + array([])

    return array(body.array(one))


def list_groups(body, node):
    code = next_failure("ListGroups@%d" % node, "ListGroups")
    return struct.pack(">h", code) + array(
        text(n) + text("consumer") for n, g in state.get("groups", {}).items()
        if not code and g.get("coordinator", 0) == node)


def describe_configs(body, node):
    def one():
        kind, name = body.take("b"), body.text()
        body.array(body.text)
        gone = name not in state.get("topics", {}) or name in state.get("hidden", [])
        code = UNKNOWN_TOPIC if gone else next_failure("DescribeConfigs=" + name, "DescribeConfigs")
        entries = {} if code else state.get("configs", {}).get(name, {})
        assert kind == TOPIC_RESOURCE
        return struct.pack(">h", code) + text(None) + struct.pack(">b", kind) + text(name) + array(
            text(n) + text(v) + struct.pack(">bbb", 0, state.get("source", TOPIC_CONFIG), 0) + array([])
            for n, v in entries.items())

    return struct.pack(">i", 0) + array(body.array(one))


def api_versions(body, node):
    known = {a: v for a, v in {**VERSIONS, **changes.VERSIONS}.items()
             if {**NAMES, **changes.NAMES}[a] not in state.get("unknown", [])}
    return struct.pack(">h", 0) + array(struct.pack(">hhh", a, *v) for a, v in known.items())


ANSWERS = {1: fetch, 2: list_offsets, 3: metadata, 9: offset_fetch, 10: find_coordinator, 15: describe_groups,
           16: list_groups, 18: api_versions, 32: describe_configs}


def note(line):
    if log:
        with lock:
            print(line, file=log, flush=True)


class Handler(socketserver.BaseRequestHandler):
    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def handle(self):
        try:
            while True:
                self.answer()
        except OSError:
            pass

    def answer(self):
        size, = struct.unpack(">i", self.read(4))
        body = Reader(self.read(size))
        api, version, number = body.take("h"), body.take("h"), body.take("i")
        body.text()
        note("%s %d" % (NAMES.get(api) or changes.NAMES.get(api, api), self.server.node))
        if self.server.node in state.get("silent", {}).get(NAMES.get(api), []):
            return
        if NAMES.get(api) == "ApiVersions" and version:
            reply = struct.pack(">h", UNSUPPORTED_VERSION) + array([])
        else:
            reply = (ANSWERS.get(api) or changes.answers[api])(body, self.server.node)
        self.request.sendall(struct.pack(">ii", len(reply) + 4, number) + reply)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with open(sys.argv[1], encoding="utf-8") as file:
    state = json.load(file)
log = open(sys.argv[2], "w") if len(sys.argv) > 2 else None
lock = threading.Lock()
changes = Changes(state, note)
servers = []
for node in range(state.get("brokers", 1)):
    servers.append(Server(("127.0.0.1", 0), Handler))
    servers[-1].node = node
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("127.0.0.1:%d" % servers[0].server_address[1], flush=True)
sys.stdin.read()  # ends with the test that started it
