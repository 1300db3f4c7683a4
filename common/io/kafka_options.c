/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "io/kafka.h"
#include "io/read_file.h"

/* librdkafka's second names (CONFIGURATION.md, "Alias for"), so that a property is known by one. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "metadata.broker.list", "bootstrap.servers" },
	{ "queue.buffering.max.ms", "linger.ms" },
	{ "compression.codec", "compression.type" },
	{ "request.required.acks", "acks" },
	{ "delivery.timeout.ms", "message.timeout.ms" },
	{ "message.send.max.retries", "retries" },
	{ "max.in.flight.requests.per.connection", "max.in.flight" },
	{ "max.partition.fetch.bytes", "fetch.message.max.bytes" },
	{ "sasl.mechanisms", "sasl.mechanism" },
	{ "auto.commit.enable", "enable.auto.commit" },
	{ "sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret" },
};

/* Never printed, and taken from a file only. */
static const char *const secrets[] = {
	"sasl.password",
	"sasl.oauthbearer.client.secret",
	"sasl.oauthbearer.assertion.private.key.passphrase",
	"sasl.oauthbearer.assertion.private.key.pem",
	"ssl.key.password",
	"ssl.key.pem",
	"ssl.keystore.password",
};

/* What the tools promise, or what their loops rest on. */
static const struct {
	const char *name, *reason;
} refused[] = {
	{ "acks", "everything is acknowledged by all in-sync replicas" },
	{ "auto.commit.interval.ms", "only what is delivered is committed" },
	{ "auto.offset.reset", "use -o" },
	{ "delivery.report.only.error", "deliveries are counted" },
	{ "enable.auto.commit", "only what is delivered is committed" },
	{ "enable.auto.offset.store", "only what is delivered is committed" },
	{ "enable.idempotence", "retries must neither repeat nor reorder" },
	{ "enable.partition.eof", "ends are found by it" },
	{ "enabled_events", "the tool's loop rests on callbacks" },
	{ "group.id", "use -G" },
	{ "group.protocol", "groups use the classic protocol" },
	{ "isolation.level", "aborted transactions are never read" },
	{ "log.queue", "the tool reads the log itself" },
	{ "offset.store.method", "offsets are kept by the broker" },
	{ "partition.assignment.strategy", "groups use the range assignor" },
	{ "transactional.id", "the tool chooses it" },
};

/* Read by Java's clients only, without a meaning here. */
static const char *const java_only[] = {
	"key.serializer",
	"value.serializer",
	"key.deserializer",
	"value.deserializer",
	"sasl.client.callback.handler.class",
	"ssl.truststore.type",
	"ssl.truststore.password",
	"ssl.keystore.type",
};

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(name, list[i]))
			return true;
	}
	return false;
}

#define IS_LISTED(name, list) is_listed(name, list, sizeof(list) / sizeof(*(list)))

static const char *
first_name(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		if (!strcmp(name, aliases[i].alias))
			return aliases[i].name;
	}
	return name;
}

static int
check_allowed(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		if (!strcmp(name, refused[i].name))
			return err_set(err, ERR_USAGE, "property %s cannot be set: %s", name,
			    refused[i].reason);
	}
	return 0;
}

enum { SECRET_BYTES_MAX = 64 * 1024 };

/* The file's content without its last line break; NULL on failure. */
static char *
read_secret(const char *name, const char *path, struct err *err)
{
	char *content = read_file(path, SECRET_BYTES_MAX, err);
	size_t len = content ? strlen(content) : 0;

	if (!content) {
		err_wrap(err, "property %s", name);
		return NULL;
	}
	if (len && content[len - 1] == '\n')
		content[--len] = '\0';
	if (len && content[len - 1] == '\r')
		content[--len] = '\0';
	if (len)
		return content;
	free(content);
	err_set(err, ERR_USAGE, "property %s: %s is empty", name, path);
	return NULL;
}

static struct kafka_property *
find(const struct kafka_options *o, const char *name)
{
	for (size_t i = 0; i < o->property_count; i++) {
		if (!strcmp(o->properties[i].name, name))
			return &o->properties[i];
	}
	return NULL;
}

/* "" and "NAME: No such configuration property..." are librdkafka's words; a value is not repeated. */
static int
conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, bool is_optional,
    struct err *err)
{
	char reason[512];

	switch (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason))) {
	case RD_KAFKA_CONF_OK:
		return 0;
	case RD_KAFKA_CONF_UNKNOWN:
		if (is_optional)
			return 0;
		return err_set(err, ERR_USAGE, "librdkafka %s has no property %s",
		    rd_kafka_version_str(), name);
	case RD_KAFKA_CONF_INVALID:
		break;
	}
	if (IS_LISTED(name, secrets))
		return err_set(err, ERR_USAGE, "property %s: %s", name,
		    strstr(reason, "not supported in this build") ? "librdkafka was built without it"
								  : "not a value it can have");
	return err_set(err, ERR_USAGE, "property %s: %s", name, reason);
}

/*
 * Here rather than when a handle is made, so that the message can say where it stands: a file has lines. What a plugin
 * brings is known to a configuration with that plugin only (CONFIGURATION.md, plugin.library.paths).
 */
static int
check_known(const struct kafka_options *o, const char *name, const char *value, struct err *err)
{
	rd_kafka_conf_t *conf;
	int rc;

	if (!strcmp(name, "plugin.library.paths") || find(o, "plugin.library.paths"))
		return 0;
	conf = rd_kafka_conf_new();
	rc = conf_set(conf, name, value, false, err);
	rd_kafka_conf_destroy(conf);
	return rc;
}

/* Takes value, also on failure. */
static int
store(struct kafka_options *o, const char *name, char *value, struct err *err)
{
	struct kafka_property *p = find(o, name);
	char *name_copy;

	if (check_known(o, name, value, err)) {
		explicit_bzero(value, strlen(value));
		free(value);
		return -1;
	}
	if (p) {
		free(p->value);
		p->value = value;
		return 0;
	}
	if (o->property_count == o->property_capacity) {
		size_t capacity = o->property_capacity ? 2 * o->property_capacity : 16;

		p = realloc(o->properties, capacity * sizeof(*p));
		if (!p) {
			free(value);
			return err_no_memory(err);
		}
		o->properties = p;
		o->property_capacity = capacity;
	}
	name_copy = strdup(name);
	if (!name_copy) {
		free(value);
		return err_no_memory(err);
	}
	o->properties[o->property_count++] =
	    (struct kafka_property){ .name = name_copy, .value = value };
	return 0;
}

static int
store_slice(struct kafka_options *o, const char *name, struct slice value, struct err *err)
{
	char *copy = strndup(value.data ? value.data : "", value.len);

	return copy ? store(o, name, copy, err) : err_no_memory(err);
}

/* The value of `key="value"` in a JAAS entry. */
static bool
jaas_value(struct slice entry, const char *key, struct slice *ret)
{
	size_t key_len = strlen(key);

	for (size_t i = 1; i + key_len < entry.len; i++) {
		struct slice rest = slice_skip(entry, i), after;

		if (!slice_starts(rest, key) || !strchr(" \t\r\n", entry.data[i - 1]))
			continue;
		rest = slice_trim(slice_skip(rest, key_len));
		if (!rest.len || rest.data[0] != '=')
			continue;
		rest = slice_trim(slice_skip(rest, 1));
		if (rest.len && rest.data[0] == '"')
			return slice_cut(slice_skip(rest, 1), '"', ret, &after);
		(void)slice_cut(rest, ';', ret, &after);
		(void)slice_cut(*ret, ' ', ret, &after);
		return true;
	}
	return false;
}

/* sasl.jaas.config of PLAIN and SCRAM is a user name and a password (KIP-85). */
static int
store_jaas(struct kafka_options *o, struct slice entry, struct err *err)
{
	struct slice user, password;

	if (!jaas_value(entry, "username", &user) || !jaas_value(entry, "password", &password))
		return 0; /* a login module of Java's own, such as IAM's */
	if (store_slice(o, "sasl.username", user, err))
		return -1;
	return store_slice(o, "sasl.password", password, err);
}

/* Names of Java's clients that librdkafka does not have. *ret_done: nothing is left to do. */
static int
translate_java(struct kafka_options *o, const char **name, struct slice value, bool *ret_done,
    struct err *err)
{
	*ret_done = true;
	if (IS_LISTED(*name, java_only))
		return 0;
	if (!strcmp(*name, "sasl.jaas.config"))
		return store_jaas(o, value, err);
	*ret_done = false;
	/* librdkafka reads PEM; a Java key store cannot be read, and librdkafka will say so */
	if (!strcmp(*name, "ssl.truststore.location"))
		*name = "ssl.ca.location";
	return 0;
}

/* kcat has -X topic.NAME for a topic's properties; here both kinds are set the same way. There are
 * also properties with such names. */
static const char *
skip_topic(const char *name)
{
	if (strncmp(name, "topic.", 6) || !strncmp(name, "topic.metadata.", 15) ||
	    !strcmp(name, "topic.blacklist"))
		return name;
	return name + 6;
}

static int
add_named(struct kafka_options *o, const char *name, struct slice value, bool is_from_file,
    struct err *err)
{
	bool is_done;
	char *secret;

	name = first_name(skip_topic(name));
	if (is_from_file && translate_java(o, &name, value, &is_done, err))
		return -1;
	if (is_from_file && is_done)
		return 0;
	if (check_allowed(name, err))
		return -1;
	if (!IS_LISTED(name, secrets))
		return store_slice(o, name, value, err);
	if (value.len < 2 || value.data[0] != '@') {
		if (is_from_file)
			return store_slice(o, name, value, err);
		return err_set(err, ERR_USAGE,
		    "property %s is a secret: give a file that holds it, %s=@FILE", name, name);
	}
	secret = strndup(value.data + 1, value.len - 1);
	if (!secret)
		return err_no_memory(err);
	{
		char *content = read_secret(name, secret, err);

		free(secret);
		return content ? store(o, name, content, err) : -1;
	}
}

int
kafka_options_add(struct kafka_options *o, const char *assignment, bool is_from_file,
    struct err *err)
{
	struct slice name, value;
	char *copy;
	int rc;

	if (!slice_cut(slice_of(assignment), '=', &name, &value))
		return err_set(err, ERR_USAGE, "a property is NAME=VALUE, not \"%s\"", assignment);
	name = slice_trim(name);
	if (!name.len)
		return err_set(err, ERR_USAGE, "a property needs a name before the \"=\"");
	if (is_from_file)
		value = slice_trim(value);
	copy = strndup(name.data, name.len);
	if (!copy)
		return err_no_memory(err);
	rc = add_named(o, copy, value, is_from_file, err);
	free(copy);
	return rc;
}

const char *
kafka_options_get(const struct kafka_options *o, const char *name)
{
	const struct kafka_property *p = find(o, name);

	return p ? p->value : NULL;
}

const char *
kafka_options_brokers(const struct kafka_options *o, struct err *err)
{
	const char *brokers = o->brokers && *o->brokers ? o->brokers
	                                                : kafka_options_get(o, "bootstrap.servers");

	if (brokers && *brokers)
		return brokers;
	err_set(err, ERR_USAGE, "no brokers: give -b or set BOOTSTRAP_SERVERS");
	return NULL;
}

int64_t
kafka_options_poll_ms(const struct kafka_options *o)
{
	const char *value = kafka_options_get(o, "max.poll.interval.ms");
	char *end;
	long ms = value ? strtol(value, &end, 10) : 0;

	/* CONFIGURATION.md: 1 to 86400000, by default 300000 */
	return value && end != value && !*end && ms > 0 && ms <= 86400000 ? ms : 300000;
}

void
kafka_options_show(const struct kafka_options *o, FILE *out)
{
	for (size_t i = 0; i < o->property_count; i++) {
		const struct kafka_property *p = &o->properties[i];

		(void)fprintf(out, "%s=%s\n", p->name, IS_LISTED(p->name, secrets) ? "****" : p->value);
	}
	if (o->property_count)
		(void)fputc('\n', out);
	rd_kafka_conf_properties_show(out);
}

void
kafka_options_release(struct kafka_options *o)
{
	for (size_t i = 0; i < o->property_count; i++) {
		free(o->properties[i].name);
		if (o->properties[i].value)
			explicit_bzero(o->properties[i].value, strlen(o->properties[i].value));
		free(o->properties[i].value);
	}
	free(o->properties);
	*o = (struct kafka_options){ .brokers = NULL };
}

int
kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, bool is_optional,
    struct err *err)
{
	return conf_set(conf, name, value, is_optional, err);
}

int
kafka_conf_default(const struct kafka_options *o, rd_kafka_conf_t *conf, const char *name,
    const char *value, bool is_optional, struct err *err)
{
	return find(o, name) ? 0 : conf_set(conf, name, value, is_optional, err);
}

/* Before librdkafka 2.3.0 an idempotent producer whose broker went away with several requests in flight could
 * end with a fatal error when it came back (librdkafka #4438): one was counted as persisted that was
 * not. With one at a time none is behind it. To a broker nearby no slower could be measured. */
enum { MANY_IN_FLIGHT_VERSION = 0x02030000 };

static int
set_producer_defaults(const struct kafka_options *o, rd_kafka_conf_t *conf, struct err *err)
{
	if (rd_kafka_version() < MANY_IN_FLIGHT_VERSION &&
	    kafka_conf_default(o, conf, "max.in.flight", "1", false, err))
		return -1;
	return kafka_conf_default(o, conf, "partitioner", "murmur2_random", false, err);
}

/* reconnect.backoff.max.ms (10 s): a broker that comes back should be seen within a second or two. */
static int
set_defaults(const struct kafka_options *o, rd_kafka_conf_t *conf, enum kafka_role role,
    struct err *err)
{
	if (kafka_conf_default(o, conf, "client.id", "sluice", false, err) ||
	    kafka_conf_default(o, conf, "reconnect.backoff.ms", "50", false, err) ||
	    kafka_conf_default(o, conf, "reconnect.backoff.max.ms", "1000", false, err) ||
	    kafka_conf_default(o, conf, "socket.nagle.disable", "true", false, err))
		return -1;
	/* Java's consumers check too; on 2 million records of 410 bytes no cost could be measured */
	if (role == KAFKA_CONSUMER)
		return kafka_conf_default(o, conf, "check.crcs", "true", false, err);
	return set_producer_defaults(o, conf, err);
}

/* After the user's: these hold whatever was said. */
static int
set_promises(rd_kafka_conf_t *conf, enum kafka_role role, struct err *err)
{
	if (role == KAFKA_PRODUCER)
		return conf_set(conf, "enable.idempotence", "true", false, err) ||
		    conf_set(conf, "acks", "all", false, err);
	return conf_set(conf, "enable.auto.commit", "false", false, err) ||
	    conf_set(conf, "enable.auto.offset.store", "false", false, err) ||
	    conf_set(conf, "auto.offset.reset", "error", false, err) ||
	    conf_set(conf, "isolation.level", "read_committed", false, err) ||
	    conf_set(conf, "partition.assignment.strategy", "range", false, err);
}

rd_kafka_conf_t *
kafka_conf_new(const struct kafka_options *o, enum kafka_role role, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *brokers = kafka_options_brokers(o, err);

	if (!brokers || (o->prepare && o->prepare(o->prepare_context, err)))
		goto fail;
	if (set_defaults(o, conf, role, err))
		goto fail;
	for (size_t i = 0; i < o->property_count; i++) {
		const struct kafka_property *p = &o->properties[i];

		if (conf_set(conf, p->name, p->value, false, err))
			goto fail;
	}
	if (conf_set(conf, "bootstrap.servers", brokers, false, err) || set_promises(conf, role, err))
		goto fail;
	return conf;
fail:
	rd_kafka_conf_destroy(conf);
	return NULL;
}
