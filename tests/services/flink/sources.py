# SPDX-License-Identifier: MIT
"""Where both sides of scripts/fidelity read a stream: a file, or a topic with several partitions."""
import os
import subprocess
from dataclasses import dataclass

# Small batches, a few at a time: so that the partitions' records come mixed.
BATCH_RECORDS = 10
FETCH_BYTES = 4096


@dataclass(frozen=True)
class File:
    path: str

    columns = ()
    arguments = ()

    def connector(self):
        return {"connector": "filesystem", "path": self.path}


@dataclass(frozen=True)
class Topic:
    brokers: str
    name: str
    partitions: int

    # what order of equal times goes by
    columns = (
        "`part` INT METADATA FROM 'partition' VIRTUAL",
        "`off` BIGINT METADATA FROM 'offset' VIRTUAL",
    )

    def connector(self):
        """Each partition has a watermark (the connector takes SQL's, SupportsWatermarkPushDown), which
        moves with each record."""
        return {
            "connector": "kafka",
            "topic": self.name,
            "properties.bootstrap.servers": self.brokers,
            "properties.max.partition.fetch.bytes": str(FETCH_BYTES),
            "scan.startup.mode": "earliest-offset",
            "scan.bounded.mode": "latest-offset",
            "scan.watermark.emit.strategy": "on-event",
        }

    @property
    def arguments(self):
        numbers = ",".join(map(str, range(self.partitions)))
        fetch = f"fetch.message.max.bytes={FETCH_BYTES}"
        return ("-b", self.brokers, "-t", self.name, "-p", numbers, "-e", "-X", fetch)


class Broker:
    """One of scripts/services, and the topics that were made there."""

    def __init__(self, services, brokers):
        self.services = services
        self.brokers = brokers
        self.topics = []

    def topic(self, which, seed, path):
        """A topic with the lines of a stream's file, dealt out to its partitions by turns."""
        name = f"fidelity-{os.getpid()}-{which.name}-{seed}"
        subprocess.run([self.services, "topic", "create", name, str(which.partitions)], check=True)
        self.topics.append(name)
        with open(path, "rb") as file:
            lines = file.readlines()
        words = ["s3-to-kafka", "-q", "-b", self.brokers, "-t", name]
        words += ["-X", f"batch.num.messages={BATCH_RECORDS}"]
        for number in range(which.partitions):
            dealt = b"".join(lines[number :: which.partitions])
            subprocess.run([*words, "-p", str(number)], input=dealt, check=True)
        return Topic(self.brokers, name, which.partitions)

    def remove_topics(self):
        for name in self.topics:
            subprocess.run([self.services, "topic", "delete", name], check=False)
