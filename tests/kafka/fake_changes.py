# SPDX-License-Identifier: MIT
"""What fake_kafka.py answers to requests that change something. Further members of STATE:
  refusals {NAME: CODE}: topics and groups, or "NAME[PARTITION]" of an offset
  left_out [NAME, ...]: topics and groups that answers say nothing of
What is taken is done for topics that are deleted alone. LOG gets a second line a request, "sent" and
what it says as JSON."""
import json
import struct


def text(value):
    data = (value or "").encode("utf-8", "surrogateescape")
    return struct.pack(">h", -1 if value is None else len(data)) + data


class Changes:
    # ranges that end below the first flexible version
    VERSIONS = {8: (2, 2), 19: (1, 1), 20: (1, 1), 33: (0, 0), 37: (0, 0), 42: (0, 0)}
    NAMES = {8: "OffsetCommit", 19: "CreateTopics", 20: "DeleteTopics", 33: "AlterConfigs", 37: "CreatePartitions",
             42: "DeleteGroups"}

    def __init__(self, state, note):
        self.state, self.note = state, note
        self.answers = {8: self.offset_commit, 19: self.create_topics, 20: self.delete_topics, 33: self.alter_configs,
                        37: self.create_partitions, 42: self.delete_groups}

    def code_of(self, name):
        return self.state.get("refusals", {}).get(name, 0)

    def array(self, names, answer):
        told = [n for n in names if n not in self.state.get("left_out", [])]
        return struct.pack(">i", len(told)) + b"".join(answer(n) for n in told)

    def settings(self, body):
        return dict(body.array(lambda: (body.text(), body.text())) or [])

    def create_topics(self, body, node):
        def one():
            name, partitions, replication = body.text(), body.take("i"), body.take("h")
            body.array(lambda: (body.take("i"), body.array(lambda: body.take("i"))))
            return name, [partitions, replication, self.settings(body)]

        topics = dict(body.array(one))
        self.note("sent " + json.dumps(topics, sort_keys=True))
        return self.array(topics, lambda n: text(n) + struct.pack(">h", self.code_of(n)) + text(None))

    def delete_topics(self, body, node):
        names = body.array(body.text)
        self.note("sent " + json.dumps(names))
        for name in names:
            if not self.code_of(name):
                self.state["topics"].pop(name, None)
        return struct.pack(">i", 0) + self.array(names, lambda n: text(n) + struct.pack(">h", self.code_of(n)))

    def alter_configs(self, body, node):
        def one():
            kind = body.take("b")
            assert kind == 2  # a topic
            return body.text(), self.settings(body)

        topics = dict(body.array(one))
        self.note("sent " + json.dumps(topics, sort_keys=True))
        return struct.pack(">i", 0) + self.array(
            topics, lambda n: struct.pack(">h", self.code_of(n)) + text(None) + b"\2" + text(n))

    def create_partitions(self, body, node):
        def one():
            name, count = body.text(), body.take("i")
            body.array(lambda: body.array(lambda: body.take("i")))
            return name, count

        topics = dict(body.array(one))
        self.note("sent " + json.dumps(topics))
        return struct.pack(">i", 0) + self.array(
            topics, lambda n: text(n) + struct.pack(">h", self.code_of(n)) + text(None))

    def delete_groups(self, body, node):
        names = body.array(body.text)
        self.note("sent " + json.dumps(names))
        return struct.pack(">i", 0) + self.array(names, lambda n: text(n) + struct.pack(">h", self.code_of(n)))

    def offset_commit(self, body, node):
        def one():
            number, offset = body.take("i"), body.take("q")
            body.text()
            return number, offset

        body.text()
        body.take("i")
        body.text()
        body.take("q")
        topics = dict(body.array(lambda: (body.text(), dict(body.array(one)))))
        self.note("sent " + json.dumps(topics))
        return self.array(topics, lambda n: text(n) + struct.pack(">i", len(topics[n])) + b"".join(
            struct.pack(">ih", p, self.code_of("%s[%d]" % (n, p))) for p in topics[n]))
