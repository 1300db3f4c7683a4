/* SPDX-License-Identifier: MIT */
#include "kafka-topic/outcome.h"

#include "base/diag.h"

static void
add(struct outcome *o, const struct err *failure)
{
	if (!o->failures)
		o->first = *failure;
	else if (o->failures == 1)
		diag_error("%s", o->first.text);
	if (o->failures)
		diag_error("%s", failure->text);
	o->failures++;
}

void
outcome_fail(struct outcome *o, const char *name, rd_kafka_resp_err_t code, const char *reason)
{
	struct err failure = ERR_INIT;

	admin_add_error(&failure, o->what, name, code, reason);
	add(o, &failure);
}

void
outcome_miss(struct outcome *o, const char *name)
{
	struct err failure = ERR_INIT;

	(void)err_set(&failure, ERR_UNAVAILABLE,
	    "%s %s: the answer says nothing of it: it may have been carried out", o->what, name);
	add(o, &failure);
}

int
outcome_end(const struct outcome *o, size_t count, struct err *err)
{
	if (!o->failures)
		return 0;
	if (o->failures > 1)
		return err_set(err, o->first.class, "%zu of %zu %ss: see above", o->failures, count,
		    o->what);
	*err = o->first;
	return -1;
}
