/* SPDX-License-Identifier: MIT */
#include "s3-to-kafka/objects_options.h"

#include "source/object_fetch.h"

/* As the aws command line, where the argument may be left out and has one value. */
static int
set_request_payer(void *target, const char *value, enum opt_origin origin, struct err *err)
{
	struct source_objects_options *options = target;

	(void)origin;
	if (value && strcmp(value, "requester") != 0)
		return err_set(err, ERR_USAGE, "\"%s\" is not requester", value);
	options->is_requester_paid = true;
	return 0;
}

const struct opt objects_rows[] = {
	{ 0, "match", "PATTERN",
	    "of a directory or a prefix only what matches: the last part of the name, or with a '/' in "
	    "PATTERN all of it [everything]",
	    OPT_TEXT, offsetof(struct source_objects_options, match), 0, 0, NULL },
	{ 0, "all", NULL, "also what is hidden, begins with '_' or is README.md", OPT_FLAG,
	    offsetof(struct source_objects_options, takes_hidden), 0, 0, NULL },
	{ 0, "merge", NULL, "merge the objects of each folder into order of event time", OPT_FLAG,
	    offsetof(struct source_objects_options, merges), 0, 0, NULL },
	{ 0, "prefetch", "N", "objects of S3 to fetch ahead [32]", OPT_INT,
	    offsetof(struct source_objects_options, ahead_count), 0, OBJECT_FETCH_AHEAD_MAX, NULL },
	{ 0, "request-payer", "[=requester]", "agree to pay for requests to buckets that ask for it",
	    OPT_CALL, 0, 0, 0, set_request_payer },
};
const size_t objects_row_count = sizeof(objects_rows) / sizeof(*objects_rows);

int
objects_options_check(struct source_objects_options *o, const struct replay_options *replay,
    struct err *err)
{
	const struct composer_options *c = &replay->composer;

	if (o->merges && !c->time_field && !c->has_envelopes)
		return err_set(err, ERR_USAGE, "--merge needs --time: the field with the event time");
	o->time_field = c->time_field;
	o->time_format = c->time_format;
	o->has_envelopes = c->has_envelopes;
	o->memory_bytes = (size_t)replay->memory_bytes;
	return 0;
}
