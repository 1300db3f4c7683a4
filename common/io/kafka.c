/* SPDX-License-Identifier: MIT */
#include "io/kafka.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"

enum { DESTROY_S_MAX = 3 };

/* How long credentials that were good before may be refused. */
enum { REFUSED_MS_MAX = 30 * 1000 };

/* While no broker is reachable, how often and how long to look. */
enum { PROBE_EVERY_MS = 1000, PROBE_MS = 100 };

enum err_class
kafka_error_class(rd_kafka_resp_err_t code)
{
	/* not a switch: the enumeration has 200 members and grows with librdkafka */
	static const struct {
		rd_kafka_resp_err_t code;
		enum err_class class;
	} classes[] = {
		{ RD_KAFKA_RESP_ERR_NO_ERROR, ERR_NONE },
		{ RD_KAFKA_RESP_ERR__AUTHENTICATION, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR__SSL, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, ERR_DENIED },
		{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_INVALID_RECORD, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_INVALID_MSG, ERR_DATA },
		{ RD_KAFKA_RESP_ERR__BAD_MSG, ERR_DATA },
		{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ERR_DATA },
		{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ERR_DATA },
		{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERR_NO_INPUT },
		{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERR_NO_INPUT },
		{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERR_NO_INPUT },
		{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, ERR_USAGE },
		{ RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR__INVALID_ARG, ERR_FAULT },
		{ RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR__FENCED, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ERR_STOPPED },
		{ RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, ERR_STOPPED },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (classes[i].code == code)
			return classes[i].class;
	}
	return ERR_UNAVAILABLE;
}

/* Connections fail while brokers restart, and say so through on_error too; the rest of what
 * librdkafka logs is for who asked for details. Runs on any thread. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	/* a fatal error, of a transaction too (TXNERR: rd_kafka_txn_set_fatal_error, which sets the other as well), comes
	 * through on_error, and who has its handle reports it */
	if (level <= LOG_CRIT && strcmp(facility, "FATAL") && strcmp(facility, "TXNERR"))
		diag_warn("librdkafka: %s: %s", facility, text);
	else
		diag_detail("librdkafka: %s: %s", facility, text);
}

/* "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in
 * state CONNECT)" has one part that a person needs. */
static void
copy_reason(char *to, size_t size, const char *text)
{
	const char *from = text, *mark;
	size_t len;

	mark = strstr(from, " failed: ");
	if (mark && strstr(from, "Connect to ") && strstr(from, "Connect to ") < mark)
		from = mark + strlen(" failed: ");
	else if ((mark = strstr(from, ": ")) && memchr(from, '/', (size_t)(mark - from)))
		from = mark + 2; /* behind the connection's name */
	mark = strstr(from, " (after ");
	len = mark ? (size_t)(mark - from) : strlen(from);
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

static void
note_refusal(struct kafka *k, rd_kafka_resp_err_t code, const char *text)
{
	if (k->refused)
		return;
	k->refused = code;
	copy_reason(k->refused_text, sizeof(k->refused_text), text);
	if (!k->has_met || (code != RD_KAFKA_RESP_ERR__AUTHENTICATION &&
	                       code != RD_KAFKA_RESP_ERR__SSL))
		return;
	/* these credentials were good before: a broker that restarts may not have read its users yet */
	k->refused_until_ms = clock_deadline(REFUSED_MS_MAX);
	k->is_down = true;
	copy_reason(k->trouble, sizeof(k->trouble), text);
}

/* A certificate that is not trusted stays so; a handshake cut short is a broker or a load balancer
 * that is just starting, or no TLS at all. */
static bool
is_passing_ssl(rd_kafka_resp_err_t code, const char *text)
{
	return code == RD_KAFKA_RESP_ERR__SSL && !strstr(text, "certificate") &&
	    !strstr(text, "alert");
}

/* Served by polling the handle, on the loop's thread. */
static void
on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct kafka *k = opaque;
	rd_kafka_resp_err_t e = (rd_kafka_resp_err_t)code;
	char fatal_text[512];

	if (e == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		k->is_down = true;
		return;
	}
	if (e == RD_KAFKA_RESP_ERR__FATAL) {
		e = rd_kafka_fatal_error(rk, fatal_text, sizeof(fatal_text));
		note_refusal(k, e, fatal_text);
		return;
	}
	diag_detail("kafka: %s", text);
	if (e == RD_KAFKA_RESP_ERR__TRANSPORT || e == RD_KAFKA_RESP_ERR__RESOLVE ||
	    e == RD_KAFKA_RESP_ERR__TIMED_OUT || is_passing_ssl(e, text))
		copy_reason(k->trouble, sizeof(k->trouble), text);
	else if (kafka_error_class(e) == ERR_DENIED)
		note_refusal(k, e, text);
	else if (kafka_error_class(e) == ERR_NO_INPUT)
		k->has_missing = true;
}

/* On librdkafka's background thread: the token of the options, while they are there. */
static int
get_token(struct kafka *k, struct kafka_token *ret, struct err *err)
{
	int rc;

	(void)pthread_mutex_lock(&k->token_lock);
	rc = k->is_left ? err_set(err, ERR_STOPPED, "the tool has ended")
			: k->options->token(k->options->token_context, ret, err);
	(void)pthread_mutex_unlock(&k->token_lock);
	return rc;
}

/* Runs on librdkafka's background thread. */
static void
on_token(rd_kafka_t *rk, const char *config, void *opaque)
{
	struct kafka *k = opaque;
	struct kafka_token token = { .value = NULL };
	struct err err = ERR_INIT;
	char reason[512] = "";

	(void)config;
	if (get_token(k, &token, &err))
		(void)rd_kafka_oauthbearer_set_token_failure(rk, err.text);
	else if (rd_kafka_oauthbearer_set_token(rk, token.value, token.expires_wall_ms,
	             token.principal ? token.principal : "", NULL, 0, reason, sizeof(reason)))
		(void)rd_kafka_oauthbearer_set_token_failure(rk, reason);
	free(token.value);
	free(token.principal);
}

static void
set_callbacks(rd_kafka_conf_t *conf, struct kafka *k)
{
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	if (!k->options->token)
		return;
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_token);
	rd_kafka_conf_enable_sasl_queue(conf, 1);
}

struct kafka *
kafka_open(rd_kafka_conf_t *conf, enum kafka_role role, const struct kafka_options *options,
    void *user, struct err *err)
{
	struct kafka *k = calloc(1, sizeof(*k));
	char reason[512];
	rd_kafka_error_t *failure;

	if (!k) {
		rd_kafka_conf_destroy(conf);
		err_no_memory(err);
		return NULL;
	}
	k->user = user;
	k->options = options;
	(void)pthread_mutex_init(&k->token_lock, NULL); /* a default one: cannot fail on Linux */
	set_callbacks(conf, k);
	k->rk = rd_kafka_new(role == KAFKA_CONSUMER ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf,
	    reason, sizeof(reason));
	if (!k->rk) {
		rd_kafka_conf_destroy(conf); /* rd_kafka_new takes it only where it succeeds */
		free(k);
		err_set(err, ERR_USAGE, "kafka: %s", reason);
		return NULL;
	}
	if (!options->token)
		return k;
	failure = rd_kafka_sasl_background_callbacks_enable(k->rk);
	if (!failure)
		return k;
	err_set(err, ERR_FAULT, "kafka: %s", rd_kafka_error_string(failure));
	rd_kafka_error_destroy(failure);
	(void)kafka_free(k); /* nobody knows the handle yet */
	return NULL;
}

/*
 * rd_kafka_destroy waits for the threads of every broker, and librdkafka 2.0.2 waits for ever once a
 * topic that was being read has been deleted. So it runs in a thread of its own, and one that does
 * not come back in time is left to the end of the process, with all that callbacks could touch.
 */
struct farewell {
	struct kafka *kafka;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_over;
};

static void *
destroy(void *argument)
{
	struct farewell *f = argument;

	rd_kafka_destroy_flags(f->kafka->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	(void)pthread_mutex_lock(&f->lock);
	f->is_over = true;
	(void)pthread_cond_signal(&f->changed);
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

static bool
await_farewell(struct farewell *f)
{
	struct timespec until;
	bool is_over;

	(void)clock_gettime(CLOCK_REALTIME, &until); /* what pthread_cond_timedwait goes by */
	until.tv_sec += DESTROY_S_MAX;
	(void)pthread_mutex_lock(&f->lock);
	while (!f->is_over && !pthread_cond_timedwait(&f->changed, &f->lock, &until))
		;
	is_over = f->is_over;
	(void)pthread_mutex_unlock(&f->lock);
	return is_over;
}

bool
kafka_free(struct kafka *k)
{
	struct farewell *f = k && k->rk ? calloc(1, sizeof(*f)) : NULL;
	pthread_t thread;

	if (!f) {
		free(k); /* never opened, or no memory: then the process ends soon */
		return true;
	}
	f->kafka = k;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->changed, NULL);
	if (pthread_create(&thread, NULL, destroy, f)) {
		(void)destroy(f);
	} else if (!await_farewell(f)) {
		(void)pthread_detach(thread);
		diag_detail("librdkafka does not end its threads; leaving them");
		(void)pthread_mutex_lock(&k->token_lock);
		k->is_left = true;
		(void)pthread_mutex_unlock(&k->token_lock);
		return false;
	} else {
		(void)pthread_join(thread, NULL);
	}
	(void)pthread_cond_destroy(&f->changed);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
	free(k);
	return true;
}

int
kafka_check(struct kafka *k, struct err *err)
{
	if (!k->refused || clock_mono_ms() < k->refused_until_ms)
		return 0;
	return err_set(err, kafka_error_class(k->refused), "kafka: %s", k->refused_text);
}

static void
say_down(struct kafka *k)
{
	struct err ignored = ERR_INIT;

	if (k->is_down_said)
		return;
	k->is_down_said = true;
	diag_warn("no broker of %s is reachable%s%s; waiting",
	    kafka_options_brokers(k->options, &ignored), *k->trouble ? ": " : "", k->trouble);
}

void
kafka_saw_broker_slow(struct kafka *k)
{
	if (k->is_down_said)
		diag_note("a broker is reachable again");
	k->is_down = k->is_down_said = false;
	k->trouble[0] = '\0';
	if (k->refused_until_ms)
		k->refused = RD_KAFKA_RESP_ERR_NO_ERROR;
	k->refused_until_ms = 0;
}

/* librdkafka tells when the last connection goes, not when one is back. */
void
kafka_watch_slow(struct kafka *k)
{
	const struct rd_kafka_metadata *md;
	int64_t now_ms = clock_mono_ms();

	if (now_ms < k->probe_mono_ms)
		return;
	k->probe_mono_ms = now_ms + PROBE_EVERY_MS;
	if (rd_kafka_metadata(k->rk, 0, NULL, &md, PROBE_MS)) {
		say_down(k);
		return;
	}
	rd_kafka_metadata_destroy(md);
	kafka_saw_broker_slow(k);
}
