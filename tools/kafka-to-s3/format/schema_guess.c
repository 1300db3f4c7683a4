/* SPDX-License-Identifier: MIT */
#include "kafka-to-s3/format/schema_guess.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "codec/table_value.h"
#include "kafka-to-s3/format/json_text.h"

enum {
	RECORD_BYTES_MAX = 1 << 30,
	PATH_BYTES_MAX = 1 << 16,
	MEMBERS_MAX = 256, /* of an object within a record; more are a map's keys */
	NAME_SUFFIX_BYTES = 16,
	RECORD_MEMBERS_MAX = 4 * TABLE_COLUMNS_MAX, /* of the record itself */
	NODES_MAX = 64 * 1024,
};

/*
 * What a column may be, the first that is left is taken. Each value is tried with what will read it later, so the
 * schema cannot refuse what it was made from.
 */
static const struct {
	struct table_column column;
	enum json_type json_type; /* JSON_TYPE_MISSING: any */
	bool is_whole;            /* as it is written: 1.0 may be 1.5 in the next record */
	bool is_date;             /* nothing but a date: midnight is a time */
} candidates[] = {
	{ { .type = TABLE_BOOL }, JSON_TYPE_MISSING, false, false },
	{ { .type = TABLE_INT64 }, JSON_TYPE_NUMBER, true, false },
	{ { .type = TABLE_DECIMAL, .precision = TABLE_PRECISION_MAX }, JSON_TYPE_NUMBER, true,
	    false },
	{ { .type = TABLE_DOUBLE }, JSON_TYPE_NUMBER, false, false },
	{ { .type = TABLE_DATE, .format = { .style = TIME_ISO } }, JSON_TYPE_STRING, false, true },
	{ { .type = TABLE_TIMESTAMP, .format = { .style = TIME_ISO } }, JSON_TYPE_STRING, false,
	    false },
	{ { .type = TABLE_TIMESTAMP, .is_micro = true, .format = { .style = TIME_ISO } },
	    JSON_TYPE_STRING, false, false },
	{ { .type = TABLE_STRING }, JSON_TYPE_STRING, false, false },
	{ { .type = TABLE_JSON }, JSON_TYPE_MISSING, false, false },
};

enum { CANDIDATES = sizeof(candidates) / sizeof(*candidates), DATE_BYTES = 10 };

/* A field, by its name in the object that it is in. */
struct node {
	char *name; /* decoded; empty for the record itself */
	struct node **children;
	unsigned child_count;
	bool is_map;      /* it had too many children, and has none now */
	bool is_no_path;  /* it cannot be a column, nor what is in it */
	bool has_object;
	bool has_scalar;  /* anything but null and objects */
	unsigned types;   /* of JSON, a bit each, null and objects left out */
	unsigned refused; /* of the candidates, a bit each */
	int64_t seen;     /* in how many records, not null */
	int64_t last;     /* in which, from 1 */
};

struct schema_guess {
	struct node root;
	struct json_scanner *scanner;
	struct buf text;    /* the record, padded */
	struct buf name;    /* of a member, decoded */
	struct buf scratch; /* of a value that is tried */
	int64_t records;
	unsigned node_count; /* made, though a map's are gone again */
	bool is_full;        /* there was a member more than there is room for */
};

/* ---- making ---- */

static void
node_release(struct node *node)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		node_release(node->children[i]);
		free(node->children[i]);
	}
	free(node->children);
	free(node->name);
	node->children = NULL;
	node->child_count = 0;
	node->name = NULL;
}

struct schema_guess *
schema_guess_new(struct err *err)
{
	struct schema_guess *g = calloc(1, sizeof(*g));
	struct json_paths *paths = json_paths_new(err);

	if (!g)
		err_no_memory(err);
	if (g && paths) {
		buf_init(&g->text, RECORD_BYTES_MAX);
		buf_init(&g->name, RECORD_BYTES_MAX);
		buf_init(&g->scratch, RECORD_BYTES_MAX);
		g->scanner = json_scanner_new(paths, err);
	}
	json_paths_free(paths);
	if (g && g->scanner)
		return g;
	schema_guess_free(g);
	return NULL;
}

void
schema_guess_free(struct schema_guess *g)
{
	if (!g)
		return;
	node_release(&g->root);
	json_scanner_free(g->scanner);
	buf_release(&g->text);
	buf_release(&g->name);
	buf_release(&g->scratch);
	free(g);
}

/* ---- what is seen ---- */

static bool
candidate_takes(struct schema_guess *g, unsigned i, const struct json_value *v)
{
	/* table_row_read looks at the column's type alone, and at its format */
	struct table_column column = candidates[i].column;
	const struct table_schema schema = { .columns = &column, .count = 1 };
	char reason[TABLE_REASON_BYTES];
	struct table_value row;
	unsigned field = 0, failed;

	if (candidates[i].json_type != JSON_TYPE_MISSING && candidates[i].json_type != v->type)
		return false;
	if ((candidates[i].is_whole && !v->is_integer) ||
	    (candidates[i].is_date && v->len != DATE_BYTES))
		return false;
	return !table_row_read(&schema, v, &field, &g->scratch, &row, &failed, reason);
}

static void
see_scalar(struct schema_guess *g, struct node *node, const struct json_value *v)
{
	node->has_scalar = true;
	node->types |= 1U << (v->type == JSON_TYPE_FALSE ? JSON_TYPE_TRUE : (unsigned)v->type);
	for (unsigned i = 0; i < CANDIDATES; i++) {
		if (!(node->refused >> i & 1) && !candidate_takes(g, i, v))
			node->refused |= 1U << i;
	}
}

/* What table_schema and json_paths take. */
static bool
can_be_path(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.' || (unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	}
	return len > 0;
}

static struct node *
add_child(struct node *node, struct slice name, struct err *err)
{
	struct node **grown =
	    reallocarray(node->children, node->child_count + 1, sizeof(struct node *));
	struct node *child = calloc(1, sizeof(*child));

	if (grown)
		node->children = grown;
	if (child)
		child->name = strndup(name.len ? name.data : "", name.len);
	if (!grown || !child || !child->name) {
		if (child)
			free(child->name);
		free(child);
		err_no_memory(err);
		return NULL;
	}
	child->is_no_path = !can_be_path(name.data, name.len);
	node->children[node->child_count++] = child;
	return child;
}

/* `expected`: where it was in the record before; NULL where it is new. */
static struct node *
find_child(struct node *node, struct slice name, unsigned expected)
{
	if (expected < node->child_count &&
	    slice_equal(slice_of(node->children[expected]->name), name))
		return node->children[expected];
	for (unsigned i = 0; i < node->child_count; i++) {
		if (slice_equal(slice_of(node->children[i]->name), name))
			return node->children[i];
	}
	return NULL;
}

static bool
has_room(const struct schema_guess *g, const struct node *node)
{
	return g->node_count < NODES_MAX &&
	       (node != &g->root || node->child_count < RECORD_MEMBERS_MAX);
}

static void
make_map(struct node *node)
{
	char *name = node->name;

	node->name = NULL;
	node_release(node);
	node->name = name;
	node->is_map = true;
}

static int see(struct schema_guess *, struct node *, const struct json_value *, struct err *);

static int
see_member(struct schema_guess *g, struct node *node, const struct json_member *member,
    unsigned number, struct err *err)
{
	struct json_value value = json_text_value(member->value);
	struct node *child;

	buf_clear(&g->name);
	if (json_string_decode(member->name, &g->name, err))
		return -1;
	for (size_t i = 0; i < g->name.len; i++) {
		if (!g->name.data[i])
			g->name.data[i] = '\1'; /* no path either, and names end with a NUL */
	}
	child = find_child(node, buf_slice(&g->name), number);
	if (!child && !has_room(g, node)) {
		g->is_full = true;
		return 0;
	}
	if (!child) {
		child = add_child(node, buf_slice(&g->name), err);
		g->node_count++;
	}
	return child ? see(g, child, &value, err) : -1;
}

static int
see_members(struct schema_guess *g, struct node *node, const struct json_value *v, struct err *err)
{
	struct slice rest = json_slice(v);
	struct json_member member;
	unsigned number = 0;

	while (!node->is_map && json_text_member(&rest, &member)) {
		if (see_member(g, node, &member, number++, err))
			return -1;
		if (node != &g->root && node->child_count > MEMBERS_MAX)
			make_map(node);
	}
	return 0;
}

/* Of a name that is there twice both are seen, though the last counts: that only makes the type wider. */
static int
see(struct schema_guess *g, struct node *node, const struct json_value *v, struct err *err)
{
	if (v->type == JSON_TYPE_NULL)
		return 0;
	node->seen += node->last != g->records;
	node->last = g->records;
	if (v->type != JSON_TYPE_OBJECT) {
		see_scalar(g, node, v);
		return 0;
	}
	node->has_object = true;
	return see_members(g, node, v, err);
}

int
schema_guess_add(struct schema_guess *g, struct slice value, struct err *err)
{
	struct json_value v;
	struct json_fault fault;

	buf_clear(&g->text);
	if (buf_append(&g->text, value, err) || buf_pad(&g->text, err))
		return -1;
	if (json_scan(g->scanner, buf_slice(&g->text), &v, &fault))
		return err_set(err, ERR_DATA, "byte %zu: %s", fault.byte, fault.reason);
	g->records++;
	v = json_text_value(slice_trim(buf_slice(&g->text)));
	return see(g, &g->root, &v, err);
}

/* ---- what came of it ---- */

struct making {
	const struct schema_guess *guess;
	struct table_schema *schema;
	struct buf path;
	void (*note)(void *context, enum schema_guess_note, const char *path);
	void *context;
};

static bool
has_no_path_within(const struct node *node)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		if (node->children[i]->is_no_path)
			return true;
	}
	return false;
}

/* Its members are columns. */
static bool
is_flat(const struct node *node)
{
	return node->has_object && !node->has_scalar && node->child_count &&
	       !has_no_path_within(node);
}

static void
tell(const struct making *m, enum schema_guess_note what)
{
	if (m->note)
		m->note(m->context, what, m->path.data);
}

static const struct table_column *
choose(const struct making *m, const struct node *node)
{
	unsigned i = CANDIDATES - 1; /* json takes all */

	if (node->is_map)
		tell(m, SCHEMA_GUESS_MAP);
	else if (node->has_object && node->has_scalar)
		tell(m, SCHEMA_GUESS_CONFLICT);
	else if (!node->has_object && !node->has_scalar)
		tell(m, SCHEMA_GUESS_NULLS);
	else if (!node->has_object)
		i = (unsigned)__builtin_ctz(~node->refused);
	if (i == CANDIDATES - 1 && !node->has_object && node->types & (node->types - 1))
		tell(m, SCHEMA_GUESS_CONFLICT);
	return &candidates[i].column;
}

/* The path with '_' for each '.', and a number where that is there already. */
static int
make_name(const struct making *m, char **ret, struct err *err)
{
	size_t len = m->path.len;
	char *name = malloc(len + NAME_SUFFIX_BYTES);

	if (!name)
		return err_no_memory(err);
	for (size_t i = 0; i < len; i++)
		name[i] = m->path.data[i] == '.' ? '_' : m->path.data[i];
	name[len] = '\0';
	for (unsigned n = 2; table_schema_find(m->schema, slice_of(name)); n++)
		(void)snprintf(name + len, NAME_SUFFIX_BYTES, "_%u", n);
	*ret = name;
	return 0;
}

static int
make_column(struct making *m, const struct node *node, struct err *err)
{
	struct table_column column = *choose(m, node);
	int rc;

	column.path = m->path.data;
	column.is_nullable = node->seen < m->guess->records;
	if (make_name(m, &column.name, err))
		return -1;
	rc = table_schema_add(m->schema, &column, err);
	free(column.name);
	return rc;
}

static int
make_columns(struct making *m, const struct node *node, struct err *err)
{
	size_t before = m->path.len;
	int rc = 0;

	for (unsigned i = 0; !rc && i < node->child_count; i++) {
		const struct node *child = node->children[i];

		if (buf_append_text(&m->path, before ? "." : "", err) ||
		    buf_append_text(&m->path, child->name, err))
			return -1;
		if (child->is_no_path)
			tell(m, SCHEMA_GUESS_NO_PATH);
		else
			rc = is_flat(child) ? make_columns(m, child, err)
			                    : make_column(m, child, err);
		m->path.len = before;
	}
	return rc;
}

struct table_schema *
schema_guess_make(const struct schema_guess *g,
    void (*note)(void *context, enum schema_guess_note, const char *path), void *context,
    struct err *err)
{
	struct making m = { .guess = g, .path = BUF_INIT(PATH_BYTES_MAX), .note = note,
		.context = context };
	int rc = -1;

	if (g->is_full) {
		err_set(err, ERR_DATA,
		    "more than %d different members, or %d with those of objects: these are keys, and no "
		    "columns",
		    RECORD_MEMBERS_MAX, NODES_MAX);
		return NULL;
	}
	m.schema = table_schema_new(err);
	if (m.schema)
		rc = make_columns(&m, &g->root, err);
	if (rc && err->class == ERR_USAGE)
		err->class = ERR_DATA; /* it is the records that have so many fields */
	if (!rc && !m.schema->count)
		rc = err_set(err, ERR_DATA, "%lld records have no fields", (long long)g->records);
	buf_release(&m.path);
	if (!rc)
		return m.schema;
	table_schema_free(m.schema);
	return NULL;
}
