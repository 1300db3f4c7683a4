/* SPDX-License-Identifier: MIT */
/* The questions that librdkafka answers only to who waits: metadata. */
#include "base/clock.h"
#include "base/stop.h"
#include "kafka-topic/admin.h"

enum {
	TRY_MS_MIN = 500,
	TRY_MS_MAX = 5000,
	PAUSE_MS = 50,
};

/* ---- attempts ---- */

struct admin_attempt
admin_attempt_begin(const struct admin *a)
{
	return (struct admin_attempt){ .deadline = clock_deadline(a->timeout_ms),
		.try_ms = TRY_MS_MIN };
}

int
admin_attempt_ms(struct admin_attempt *t)
{
	int64_t left_ms = t->deadline - clock_mono_ms();
	int64_t ms = left_ms < t->try_ms ? left_ms : t->try_ms;

	t->try_ms = 2 * t->try_ms < TRY_MS_MAX ? 2 * t->try_ms : TRY_MS_MAX;
	return ms > 1 ? (int)ms : 1;
}

int
admin_attempt_failed(struct admin *a, const struct admin_attempt *t, rd_kafka_resp_err_t code,
    const char *doing, struct err *err)
{
	(void)rd_kafka_poll(a->kafka->rk, 0);
	if (kafka_check(a->kafka, err))
		return -1;
	if (admin_is_passing(code) && clock_mono_ms() + PAUSE_MS < t->deadline) {
		if (!stop_wait(clock_deadline(PAUSE_MS)))
			return 0;
		return err_set(err, ERR_STOPPED, "stopped: %s", doing);
	}
	if (admin_is_passing(code) && *a->kafka->trouble)
		return err_set(err, ERR_UNAVAILABLE, "%s: %s: %s", doing, rd_kafka_err2str(code),
		    a->kafka->trouble);
	return err_set(err, admin_error_class(code), "%s: %s", doing, rd_kafka_err2str(code));
}

/* ---- metadata ---- */

static rd_kafka_resp_err_t
ask_metadata(struct admin *a, rd_kafka_topic_t *topic, int ms, const struct rd_kafka_metadata **ret)
{
	rd_kafka_resp_err_t code = rd_kafka_metadata(a->kafka->rk, !topic, topic, ret, ms);

	if (!code && topic && ((*ret)->topic_cnt != 1 || (*ret)->topics[0].err)) {
		code = (*ret)->topic_cnt == 1 ? (*ret)->topics[0].err
		                              : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		rd_kafka_metadata_destroy(*ret);
	}
	return code;
}

const struct rd_kafka_metadata *
admin_metadata(struct admin *a, const char *topic, struct err *err)
{
	struct admin_attempt t = admin_attempt_begin(a);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = topic ? rd_kafka_topic_new(a->kafka->rk, topic, NULL) : NULL;

	if (topic && !handle) {
		err_set(err, ERR_USAGE, "topic \"%s\": %s", topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
		return NULL;
	}
	for (;;) {
		rd_kafka_resp_err_t code = ask_metadata(a, handle, admin_attempt_ms(&t), &metadata);

		if (!code) {
			kafka_saw_broker(a->kafka);
			break;
		}
		metadata = NULL;
		if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
			err_set(err, ERR_NO_INPUT, "topic %s does not exist", topic);
		else if (!admin_attempt_failed(a, &t, code, topic ? topic : "listing topics", err))
			continue;
		else if (topic)
			err_wrap(err, "topic");
		break;
	}
	if (handle)
		rd_kafka_topic_destroy(handle);
	return metadata;
}

int
admin_partition_count(struct admin *a, const char *topic, int32_t *ret_count, struct err *err)
{
	const struct rd_kafka_metadata *metadata = admin_metadata(a, topic, err);

	if (!metadata)
		return -1;
	*ret_count = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return 0;
}

static bool
has_leaders(const struct rd_kafka_metadata_topic *topic)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader < 0)
			return false;
	}
	return topic->partition_cnt > 0;
}

enum fate { TOPIC_LED, TOPIC_GONE };

static bool
wait_for(struct admin *a, const char *topic, enum fate fate)
{
	int64_t deadline = clock_deadline(a->timeout_ms);

	do {
		struct err err = ERR_INIT;
		const struct rd_kafka_metadata *metadata = admin_metadata(a, topic, &err);
		bool is_led = metadata && has_leaders(&metadata->topics[0]);

		if (metadata)
			rd_kafka_metadata_destroy(metadata);
		else if (err.class != ERR_NO_INPUT)
			return false;
		if (fate == TOPIC_GONE ? !metadata : is_led)
			return true;
	} while (!stop_wait(clock_deadline(PAUSE_MS)) && clock_mono_ms() < deadline);
	return false;
}

bool
admin_wait_led(struct admin *a, const char *topic)
{
	return wait_for(a, topic, TOPIC_LED);
}

bool
admin_wait_gone(struct admin *a, const char *topic)
{
	return wait_for(a, topic, TOPIC_GONE);
}
