/* SPDX-License-Identifier: MIT */
/* The options of a windower made ready for records: which fields, what of them, and how rows look. */
#include "flow/template.h"
#include "kafka-window/inputs.h"
#include "kafka-window/row.h"
#include "kafka-window/windower_state.h"

enum { SHAPE_BYTES_MAX = 1024 };

static int
add_field(struct windower *w, struct slice path, unsigned *ret_index, struct err *err)
{
	int index = field_set_add(w->fields, path, err);

	if (index < 0)
		return -1;
	*ret_index = (unsigned)index;
	return 0;
}

static int
add_aggregate(struct windower *w, const struct aggregate_text *a, struct err *err)
{
	struct aggregate aggregate;

	if (inputs_add(w->inputs, a, &aggregate, err) ||
	    row_layout_add_aggregate(w->layout, a->name, err))
		return -1;
	aggregate.hash_seed = w->hash_seed;
	w->has_inputs |= a->field.len || a->where.field.len;
	return aggregate_plan_add(&w->plan, aggregate, err);
}

static int
compile_key(struct windower *w, struct err *err)
{
	if (!w->options.key)
		return 0;
	w->row_fields = field_set_new(err);
	if (!w->row_fields)
		return -1;
	w->key_template =
	    template_compile(w->options.key, TEMPLATE_REJECT, TEMPLATE_PLAIN, w->row_fields, err);
	if (!w->key_template)
		return err_wrap(err, "--key");
	if (!template_has_variable(w->key_template))
		return err_set(err, ERR_USAGE, "--key: \"%s\" has no {field} in it", w->options.key);
	return 0;
}

/* No option has a NUL in it. */
static uint64_t
hash_word(uint64_t hash, struct slice word)
{
	return slice_hash(slice_hash(hash, word), slice_make("", 1));
}

/* What the states of two jobs have to agree in, but for what the plan itself says. */
static uint64_t
hash_job(const struct windower_options *o)
{
	uint64_t hash = SLICE_HASH_SEED;

	for (size_t i = 0; i < o->by_count; i++)
		hash = hash_word(hash, o->by[i].field);
	for (size_t i = 0; i < o->aggregate_count; i++)
		hash = aggregate_text_hash(&o->aggregates[i], hash);
	return hash;
}

/* What rows are made of (hash_job), and what they are called. */
static uint64_t
hash_rows(const struct windower_options *o)
{
	uint64_t hash = hash_job(o);

	hash = hash_word(hash, slice_of(o->time_field ? o->time_field : ""));
	hash = hash_word(hash, slice_of(o->engine.emits_updates ? "updates" : "final"));
	for (size_t i = 0; i < o->by_count; i++)
		hash = hash_word(hash, o->by[i].name);
	for (size_t i = 0; i < o->aggregate_count; i++) {
		const struct aggregate_text *a = &o->aggregates[i];
		char text[64];

		(void)snprintf(text, sizeof(text), "%d:%lld", (int)a->aggregate.func,
		    (long long)a->aggregate.arg);
		hash = hash_word(hash_word(hash, a->name), slice_of(text));
	}
	return hash;
}

int
windower_hash(const struct windower_options *o, uint64_t *ret, struct err *err)
{
	struct buf shape = BUF_INIT(SHAPE_BYTES_MAX);
	int rc = assigner_append(&shape, &o->engine.assigner, err);

	if (!rc)
		*ret = hash_word(hash_rows(o), buf_slice(&shape));
	buf_release(&shape);
	return rc;
}

int
windower_compile(struct windower *w, struct err *err)
{
	const struct aggregate revision = { .func = AGGREGATE_COUNT };

	w->fields = field_set_new(err);
	w->layout = row_layout_new(err);
	w->plan.job = hash_job(&w->options);
	w->inputs = w->fields ? inputs_new(w->fields, err) : NULL;
	if (!w->inputs || !w->layout)
		return -1;
	if (w->options.engine.emits_updates)
		row_layout_add_revision(w->layout);
	if (w->options.writes_ms)
		row_layout_write_ms(w->layout);
	if (w->options.time_field &&
	    add_field(w, slice_of(w->options.time_field), &w->time_index, err))
		return err_wrap(err, "--time");
	for (size_t i = 0; i < w->options.by_count; i++) {
		const struct windower_by *by = &w->options.by[i];

		if (add_field(w, by->field, &w->by_indices[i], err) ||
		    row_layout_add_field(w->layout, by->name, err))
			return err_wrap(err, "--by");
	}
	for (size_t i = 0; i < w->options.aggregate_count; i++) {
		const struct aggregate_text *a = &w->options.aggregates[i];

		if (add_aggregate(w, a, err))
			return err_wrap(err, "-a %.*s", SLICE_ARGS(a->name));
	}
	if (w->options.engine.emits_updates && aggregate_plan_add(&w->plan, revision, err))
		return err_wrap(err, "-a, with the revision of --emit updates");
	return compile_key(w, err);
}
