# SPDX-License-Identifier: MIT
bin_PROGRAMS += kafka-to-pipe
kafka_to_pipe_SOURCES = tools/kafka-to-pipe/main.c
kafka_to_pipe_LDADD = $(COMMON_LIBS)
