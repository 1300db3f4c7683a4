# SPDX-License-Identifier: MIT
include tools/s3-to-kafka/local.mk
include tools/kafka-window/local.mk
include tools/kafka-to-s3/local.mk
include tools/kafka-to-opensearch/local.mk
include tools/kafka-to-pipe/local.mk
include tools/gen-to-kafka/local.mk
include tools/kafka-to-lambda/local.mk
include tools/kafka-to-dynamo/local.mk
include tools/kafka-topic/local.mk
include tools/systemd/local.mk
