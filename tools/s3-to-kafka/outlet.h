/* SPDX-License-Identifier: MIT */
/*
 * Where records leave the replay: sends them to the sink and knows what has been acknowledged, by
 * place in the input (what may be forgotten) and by event time (watermarks). One thread.
 */
#ifndef SLUICE_S3_TO_KAFKA_OUTLET_H
#define SLUICE_S3_TO_KAFKA_OUTLET_H

#include "s3-to-kafka/reorder.h"
#include "sink/sink.h"

struct outlet;

struct outlet *outlet_new(struct err *);
void outlet_free(struct outlet *);

/* To be given to output_open and deadletter_open: what is durable there is reported here. */
struct sink_done outlet_sink_done(struct outlet *);
struct sink_done outlet_letter_done(struct outlet *);

/* Borrows the sink. Watermarks go to each of partition_count partitions; 0: to a pipe, once. */
void outlet_attach(struct outlet *, struct sink *, int32_t partition_count);

/* The input begins (anew, with --loop) at its first record. Only while nothing is in flight. */
int outlet_begin(struct outlet *, struct err *);

/* After outlet_begin: an earlier process has sent all up to this event time, and watermarks do not go
 * back behind it. */
void outlet_go_on(struct outlet *, int64_t event_ms);

/* A record was read: its fate is open until it is acknowledged, in the dead letter target, or
 * passed over. Sequences rise. */
int outlet_expect(struct outlet *, int64_t sequence, struct err *);
int outlet_pass_over(struct outlet *, int64_t sequence, struct err *);

/* ERR_DATA: the sink can never take it; the outlet goes on. */
int outlet_send(struct outlet *, const struct reorder_item *, struct err *);

/*
 * Sends a watermark record to every partition: the event time before which all that was sent is
 * acknowledged (after serving the sink's reports). Nothing before anything was acknowledged, and none
 * lower than the one before it. is_event_time: it is the record's timestamp too.
 */
int outlet_send_watermark(struct outlet *, bool is_event_time, struct err *);

/* As sink_push and sink_flush. */
int outlet_push(struct outlet *, struct err *);
int outlet_flush(struct outlet *, int64_t deadline_mono_ms, struct err *);

/* The first place in the input whose record's fate is open, or one behind the last one read. */
int64_t outlet_frontier(const struct outlet *);

struct outlet_counts {
	int64_t sent;
	int64_t bytes;      /* of values sent, those of watermark records too */
	int64_t delivered;  /* acknowledged, without watermark records */
	int64_t watermarks; /* watermark records, one a partition, sent */
};

void outlet_get_counts(const struct outlet *, struct outlet_counts *ret);

#endif
