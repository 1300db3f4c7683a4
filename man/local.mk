# SPDX-License-Identifier: MIT
dist_man_MANS += man/gen-to-kafka.1
dist_man_MANS += man/kafka-to-pipe.1
dist_man_MANS += man/kafka-to-s3.1
dist_man_MANS += man/kafka-window.1
dist_man_MANS += man/record-stream.7
dist_man_MANS += man/s3-to-kafka.1
dist_man_MANS += man/sluice.7
