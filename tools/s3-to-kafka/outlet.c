/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/outlet.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/time.h"
#include "flow/frontier.h"
#include "s3-to-kafka/flight.h"

/* Positions given to the sink: what is acknowledged under another stream is no record. */
enum { STREAM_RECORDS, STREAM_WATERMARKS };

enum { WATERMARK_BYTES = TIME_ISO_BYTES + 48 };

struct outlet {
	struct sink *sink;
	int32_t partition_count;
	struct flight *flight;
	struct frontier *frontier; /* of one stream, 0: the input */
	uint32_t term;             /* how often the input has begun */
	int64_t sent;
	int64_t watermarks;
	bool has_watermark;
	int64_t watermark_ms; /* the one sent last */
};

struct outlet *
outlet_new(struct err *err)
{
	struct outlet *o = calloc(1, sizeof(*o));

	if (!o) {
		err_no_memory(err);
		return NULL;
	}
	o->flight = flight_new(err);
	o->frontier = o->flight ? frontier_new(err) : NULL;
	if (!o->frontier || outlet_begin(o, err)) {
		outlet_free(o);
		return NULL;
	}
	return o;
}

void
outlet_free(struct outlet *o)
{
	if (!o)
		return;
	flight_free(o->flight);
	frontier_free(o->frontier);
	free(o);
}

void
outlet_attach(struct outlet *o, struct sink *sink, int32_t partition_count)
{
	o->sink = sink;
	o->partition_count = partition_count;
}

int
outlet_begin(struct outlet *o, struct err *err)
{
	o->has_watermark = false;
	flight_restart(o->flight);
	return frontier_assign(o->frontier, 0, ++o->term, 0, err);
}

void
outlet_go_on(struct outlet *o, int64_t event_ms)
{
	flight_go_on(o->flight, event_ms);
	o->watermark_ms = event_ms;
	o->has_watermark = true;
}

/* ---- what is acknowledged ---- */

static struct position
place_of(const struct outlet *o, int64_t sequence)
{
	return (struct position){ .stream = 0, .term = o->term, .sequence = sequence };
}

static int
on_sink_done(void *context, struct position position, struct err *err)
{
	struct outlet *o = context;
	int64_t sequence;

	if (position.stream != STREAM_RECORDS ||
	    !flight_done(o->flight, position.sequence, &sequence))
		return 0;
	return frontier_done(o->frontier, place_of(o, sequence), err);
}

static int
on_letter_done(void *context, struct position position, struct err *err)
{
	struct outlet *o = context;

	return frontier_done(o->frontier, place_of(o, position.sequence), err);
}

struct sink_done
outlet_sink_done(struct outlet *o)
{
	return (struct sink_done){ .context = o, .done = on_sink_done };
}

struct sink_done
outlet_letter_done(struct outlet *o)
{
	return (struct sink_done){ .context = o, .done = on_letter_done };
}

int
outlet_expect(struct outlet *o, int64_t sequence, struct err *err)
{
	return frontier_take(o->frontier, place_of(o, sequence), err);
}

int
outlet_pass_over(struct outlet *o, int64_t sequence, struct err *err)
{
	return frontier_done(o->frontier, place_of(o, sequence), err);
}

int64_t
outlet_frontier(const struct outlet *o)
{
	return frontier_get(o->frontier, 0);
}

/* ---- sending ---- */

int
outlet_send(struct outlet *o, const struct reorder_item *item, struct err *err)
{
	const struct outgoing out = {
		.key = item->key,
		.value = item->value,
		.has_key = item->has_key,
		.has_value = item->has_value,
		.headers = item->headers,
		.header_count = item->header_count,
		.time_ms = item->kafka_time_ms,
		.partition = item->partition,
		.position = { .stream = STREAM_RECORDS, .sequence = flight_next(o->flight) },
	};

	/* it may be acknowledged from inside sink_write */
	if (flight_add(o->flight, item->time_ms, item->sequence, err))
		return -1;
	if (sink_write(o->sink, &out, err)) {
		if (err->class == ERR_DATA)
			flight_drop_last(o->flight);
		return -1;
	}
	o->sent++;
	return 0;
}

static int
write_watermark(struct outlet *o, int32_t partition, bool is_event_time, struct err *err)
{
	char text[WATERMARK_BYTES], when[TIME_ISO_BYTES];
	struct outgoing out = {
		.has_value = true,
		.time_ms = is_event_time ? o->watermark_ms : RECORD_NO_TIME,
		.partition = partition,
		.position = { .stream = STREAM_WATERMARKS },
	};

	time_format_iso(o->watermark_ms, when);
	(void)snprintf(text, sizeof(text), "{\"watermark\":\"%s\",\"type\":\"watermark\"}", when);
	out.value = slice_of(text);
	if (sink_write(o->sink, &out, err))
		return -1;
	o->watermarks++;
	return 0;
}

int
outlet_send_watermark(struct outlet *o, bool is_event_time, struct err *err)
{
	int64_t safe_ms;

	if (sink_push(o->sink, err))
		return -1;
	if (!flight_safe_time(o->flight, &safe_ms))
		return 0;
	if (o->has_watermark && safe_ms < o->watermark_ms)
		return 0;
	o->watermark_ms = safe_ms;
	o->has_watermark = true;
	if (!o->partition_count)
		return write_watermark(o, -1, is_event_time, err);
	for (int32_t partition = 0; partition < o->partition_count; partition++) {
		if (write_watermark(o, partition, is_event_time, err))
			return -1;
	}
	return 0;
}

int
outlet_push(struct outlet *o, struct err *err)
{
	return sink_push(o->sink, err);
}

int
outlet_flush(struct outlet *o, int64_t deadline_mono_ms, struct err *err)
{
	return sink_flush(o->sink, deadline_mono_ms, err);
}

/* While some are in flight a watermark record counts as acknowledged last. */
void
outlet_get_counts(const struct outlet *o, struct outlet_counts *ret)
{
	struct sink_counts sink;

	sink_counts(o->sink, &sink);
	*ret = (struct outlet_counts){
		.sent = o->sent,
		.bytes = sink.bytes,
		.delivered = sink.acknowledged > o->watermarks ? sink.acknowledged - o->watermarks : 0,
		.watermarks = o->watermarks,
	};
}
