/* SPDX-License-Identifier: MIT */
/* Options in, a service out; stage is in action.c, request and verdicts are in bulk.c. */
#include <stdlib.h>

#include "kafka-to-opensearch/service_state.h"

static const char id_of_offsets[] = "{@topic}+{@partition}+{@offset}";

static bool
is_of_offsets(const char *id)
{
	return strstr(id, "{@offset}") || strstr(id, "{@offset:");
}

/* "Index API", "version_type": creating knows no versions; updates have none either
 * (UpdateRequest.java, "internal versioning can not be used for optimistic concurrency control"). */
static int
choose_version(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	bool can_have = !o->has_service_ids && (o->op == BULK_INDEX || o->op == BULK_DELETE);
	int index;

	s->version = VERSION_NONE;
	if (!o->version_from) {
		if (can_have && !s->is_id_of_offsets && o->is_offset_known)
			s->version = VERSION_OFFSET;
		return 0;
	}
	if (!strcmp(o->version_from, "none"))
		return 0;
	if (!can_have)
		return err_set(err, ERR_USAGE, "--version-from: %s has no versions",
		    o->has_service_ids ? "a document with an id of the service's"
		    : o->op == BULK_CREATE ? "--op create"
		                           : "--op update");
	if (!strcmp(o->version_from, "offset")) {
		if (!o->is_offset_known)
			return err_set(err, ERR_USAGE,
			    "--version-from offset: lines of a pipe have no offsets");
		s->version = VERSION_OFFSET;
		return 0;
	}
	index = field_set_add(s->fields, slice_of(o->version_from), err);
	if (index < 0)
		return err_wrap(err, "--version-from");
	s->version = VERSION_FIELD;
	s->version_index = (unsigned)index;
	return 0;
}

static int
choose_id(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	const char *id = o->id ? o->id : id_of_offsets;

	if (o->has_service_ids) {
		if (o->id)
			return err_set(
			    err, ERR_USAGE, "--id and --auto-id: either we make ids, or the service");
		if (o->op == BULK_UPDATE || o->op == BULK_DELETE)
			return err_set(err, ERR_USAGE, "--op %s needs ids: --auto-id makes new ones",
			    bulk_op_names[o->op]);
		return 0;
	}
	s->is_id_of_offsets = is_of_offsets(id);
	s->id = template_compile(id, TEMPLATE_REJECT, TEMPLATE_PLAIN, s->fields, err);
	if (!s->id)
		return err_wrap(err, "--id");
	if (!template_has_variable(s->id))
		return err_set(err, ERR_USAGE,
		    "--id %s: all documents would be one: a field belongs in it, as in {id}", id);
	if (!o->id && (o->op == BULK_UPDATE || o->op == BULK_DELETE))
		return err_set(err, ERR_USAGE, "--op %s needs --id", bulk_op_names[o->op]);
	return 0;
}

static int
choose_templates(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	if (choose_id(s, o, err))
		return -1;
	s->index = template_compile(o->index, TEMPLATE_REJECT, TEMPLATE_PLAIN, s->fields, err);
	if (!s->index)
		return err_wrap(err, "--index");
	if (o->routing) {
		s->routing =
		    template_compile(o->routing, TEMPLATE_REJECT, TEMPLATE_PLAIN, s->fields, err);
		if (!s->routing)
			return err_wrap(err, "--routing");
	}
	return 0;
}

static int
choose_time(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	int index;

	s->uses_time = template_uses_time(s->index) || (s->id && template_uses_time(s->id)) ||
	               (s->routing && template_uses_time(s->routing));
	s->time_format = o->time_format;
	s->has_time_field = o->time_field && s->uses_time;
	if (!s->has_time_field)
		return 0;
	index = field_set_add(s->fields, slice_of(o->time_field), err);
	if (index < 0)
		return err_wrap(err, "--time");
	s->time_index = (unsigned)index;
	return 0;
}

/* An index that is the same for all goes into the path: lines are shorter, and a service that allows
 * no index in them (rest.action.multi.allow_explicit_index) takes it. */
static int
write_path(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	struct buf index = BUF_INIT(OPENSEARCH_INDEX_BYTES_MAX);
	int rc = -1;

	if (!template_has_variable(s->index)) {
		struct record nothing = { .time_ms = RECORD_NO_TIME };

		if (template_render(s->index, s->fields, &nothing, RECORD_NO_TIME, &index, err) ||
		    !index.len) {
			(void)err_set(err, ERR_USAGE, "--index \"%s\": no name of an index", o->index);
			goto out;
		}
		s->is_index_in_path = true;
		if (buf_append_char(&s->path, '/', err) ||
		    sigv4_append_encoded(&s->path, buf_slice(&index), false, err))
			goto out;
		s->index_bytes = s->path.len;
	}
	/* "Common REST parameters", "Response filtering": a tenth of the reply, and of the work of
	 * making it */
	if (buf_append_text(
		&s->path, "/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error", err) ||
	    (o->refresh && buf_appendf(&s->path, err, "&refresh=%s", o->refresh)))
		goto out;
	rc = 0;
out:
	buf_release(&index);
	return rc;
}

/* In the lines, not in the path: "The service ignores parameters passed in URLs for HTTP POST requests
 * that are signed with Signature Version 4" (Amazon OpenSearch Service, "Making and signing OpenSearch
 * Service requests"). */
static int
write_common(struct opensearch *s, const struct opensearch_options *o, struct err *err)
{
	if (!o->pipeline)
		return 0;
	return buf_append_text(&s->pipeline, "\"pipeline\":", err) ||
	               json_string_append(&s->pipeline, slice_of(o->pipeline), err)
	           ? -1
	           : 0;
}

/* So many that what is said of them has room, if all is well. */
static void
limit_count(struct opensearch *s, size_t item_reply_bytes)
{
	size_t most = s->reply_bytes_max / item_reply_bytes;

	if (s->reply_bytes_max && most < s->service.count_max)
		s->service.count_max = most;
}

void
opensearch_expect_full_replies(struct service *service)
{
	limit_count((struct opensearch *)service, OPENSEARCH_ITEM_REPLY_BYTES_FULL);
}

static void
opensearch_free(struct service *service)
{
	struct opensearch *s = (struct opensearch *)service;

	template_free(s->index);
	template_free(s->id);
	template_free(s->routing);
	field_set_free(s->fields);
	reply_reader_free(s->reader);
	buf_release(&s->path);
	buf_release(&s->pipeline);
	buf_release(&s->note);
	buf_release(&s->text);
	free(s->ids);
	free(s);
}

static const struct service_ops ops = {
	.stage = opensearch_stage,
	.request = opensearch_request,
	.verdicts = opensearch_verdicts,
	.free = opensearch_free,
};

struct service *
opensearch_new(const struct opensearch_options *o, struct err *err)
{
	struct opensearch *s = calloc(1, sizeof(*s));

	if (!s) {
		err_no_memory(err);
		return NULL;
	}
	s->service = (struct service){
		.ops = &ops, .count_max = OPENSEARCH_COUNT_MAX, .bytes_max = OPENSEARCH_BYTES_MAX
	};
	buf_init(&s->path, 4096);
	buf_init(&s->pipeline, 4096);
	buf_init(&s->note, 64 * 1024);
	buf_init(&s->text, UINT32_MAX); /* a field's value; its length is checked then */
	s->reply_bytes_max = o->reply_bytes_max;
	limit_count(s, OPENSEARCH_ITEM_REPLY_BYTES);
	s->op = o->op;
	s->skips_tombstones = o->skips_tombstones;
	s->reader = reply_reader_new(err);
	s->fields = field_set_new(err);
	if (!s->reader || !s->fields || choose_templates(s, o, err) || choose_time(s, o, err) ||
	    choose_version(s, o, err) || write_path(s, o, err) || write_common(s, o, err)) {
		opensearch_free(&s->service);
		return NULL;
	}
	/* what is no JSON would spoil the lines behind it */
	if (o->op != BULK_DELETE)
		field_set_check_all(s->fields);
	return &s->service;
}

struct slice
opensearch_index_path(const struct service *service)
{
	const struct opensearch *s = (const struct opensearch *)service;

	return slice_make(s->path.data, s->index_bytes);
}

bool
opensearch_uses_headers(const struct service *service)
{
	const struct opensearch *s = (const struct opensearch *)service;

	return template_uses_headers(s->index) || (s->id && template_uses_headers(s->id)) ||
	       (s->routing && template_uses_headers(s->routing));
}

bool
opensearch_uses_time(const struct service *service)
{
	return ((const struct opensearch *)service)->uses_time;
}

/* As flow/template.h has it: what begins a variable. */
static bool
is_variable(const char *at)
{
	return at[0] == '{' && (at[1] == '_' || at[1] == '.' || at[1] == '@' ||
				   ((at[1] | 0x20) >= 'a' && (at[1] | 0x20) <= 'z'));
}

int
opensearch_index_pattern(const char *index, struct buf *out, struct err *err)
{
	for (const char *at = index; *at; at++) {
		char c = *at;

		if (is_variable(at)) {
			c = '*';
			at += strcspn(at, "}");
			if (!*at)
				at--;
		} else if (at[0] == '{' && at[1] == '{') {
			at++;
		}
		/* two variables side by side are one */
		if (c == '*' && out->len && out->data[out->len - 1] == '*')
			continue;
		if (buf_append_char(out, c, err))
			return -1;
	}
	return 0;
}
