/* SPDX-License-Identifier: MIT */
#include "kafka-to-dynamo/tree.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 64 };

struct tree_name {
	struct slice name;
	uint32_t node;
};

/* Where the reader stands. */
struct walk {
	struct tree *tree;
	const char *at;
	const char *end;
	struct err *err;
};

void
tree_release(struct tree *t)
{
	free(t->nodes);
	free(t->sorting);
	buf_release(&t->names);
	*t = (struct tree)TREE_INIT;
}

struct slice
tree_name(const struct tree *t, uint32_t node)
{
	const struct tree_node *n = &t->nodes[node];

	return slice_make((n->has_own_name ? t->names.data : t->text) + n->name_at, n->name_len);
}

/* ---- reading ---- */

static void
skip_blanks(struct walk *w)
{
	while (
	    w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\n' || *w->at == '\r'))
		w->at++;
}

/* From the opening quote to behind the closing one. */
static struct slice
read_string(struct walk *w, bool *ret_has_escape)
{
	const char *begin = ++w->at;

	*ret_has_escape = false;
	while (w->at < w->end && *w->at != '"') {
		if (*w->at == '\\') {
			*ret_has_escape = true;
			w->at++;
		}
		w->at++;
	}
	assert(w->at < w->end);
	return slice_make(begin, (size_t)(w->at++ - begin));
}

static int
add_node(struct walk *w, uint32_t *ret)
{
	struct tree *t = w->tree;

	if (t->count == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : CAPACITY_MIN;
		struct tree_node *nodes = realloc(t->nodes, capacity * sizeof(*nodes));

		if (!nodes)
			return err_no_memory(w->err);
		t->nodes = nodes;
		t->capacity = capacity;
	}
	t->nodes[t->count] = (struct tree_node){ .data = w->at };
	*ret = (uint32_t)t->count++;
	return 0;
}

static int
read_name(struct walk *w, uint32_t node)
{
	struct tree *t = w->tree;
	bool has_escape;
	struct slice inside = read_string(w, &has_escape);
	size_t at = t->names.len;

	t->nodes[node].has_own_name = has_escape;
	if (has_escape) {
		/* an empty name must not lead to a NULL */
		if (buf_reserve(&t->names, 1, w->err) ||
		    json_string_decode(inside, &t->names, w->err))
			return -1;
		inside.len = t->names.len - at;
	}
	t->nodes[node].name_at = has_escape ? at : (size_t)(inside.data - t->text);
	t->nodes[node].name_len = (uint32_t)inside.len;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct tree_name *x = a, *y = b;
	int order = slice_compare(x->name, y->name);

	if (order)
		return order;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Drops members that a later one of the same name replaces. */
static int
drop_replaced(struct walk *w, uint32_t parent, size_t count)
{
	struct tree *t = w->tree;
	size_t n = 0;

	if (count > t->sorting_capacity) {
		struct tree_name *sorting = realloc(t->sorting, count * 2 * sizeof(*sorting));

		if (!sorting)
			return err_no_memory(w->err);
		t->sorting = sorting;
		t->sorting_capacity = count * 2;
	}
	for (uint32_t i = parent + 1; i < t->nodes[parent].end; i = t->nodes[i].end)
		t->sorting[n++] = (struct tree_name){ .name = tree_name(t, i), .node = i };
	qsort(t->sorting, n, sizeof(*t->sorting), compare_names);
	for (size_t i = 1; i < n; i++) {
		if (slice_equal(t->sorting[i - 1].name, t->sorting[i].name))
			t->nodes[t->sorting[i - 1].node].is_dropped = true;
	}
	return 0;
}

static int read_value(struct walk *w, uint32_t node);

/* At the opening bracket or brace; `node` is the container's. */
static int
read_children(struct walk *w, uint32_t node, bool is_object)
{
	char close = is_object ? '}' : ']';
	size_t count = 0;
	uint32_t child;

	w->at++;
	for (;;) {
		skip_blanks(w);
		if (*w->at == ',') {
			w->at++;
			skip_blanks(w);
		}
		if (*w->at == close)
			break;
		if (add_node(w, &child) || (is_object && read_name(w, child)))
			return -1;
		if (is_object) {
			skip_blanks(w);
			w->at++; /* ':' */
			skip_blanks(w);
		}
		if (read_value(w, child))
			return -1;
		count++;
	}
	w->at++;
	w->tree->nodes[node].end = (uint32_t)w->tree->count;
	return is_object && count > 1 ? drop_replaced(w, node, count) : 0;
}

static void
read_word(struct walk *w)
{
	while (w->at < w->end && !strchr(",]} \t\r\n", *w->at))
		w->at++;
}

static int
read_value(struct walk *w, uint32_t node)
{
	const char *begin = w->at;
	enum json_type type = json_type_at(*begin);
	struct tree_node *n;
	bool has_escape = false;

	if (type == JSON_TYPE_OBJECT || type == JSON_TYPE_ARRAY) {
		if (read_children(w, node, type == JSON_TYPE_OBJECT))
			return -1;
	} else if (type == JSON_TYPE_STRING) {
		(void)read_string(w, &has_escape);
	} else {
		read_word(w);
	}
	n = &w->tree->nodes[node];
	n->type = (uint8_t)type;
	n->data = begin;
	n->len = (uint32_t)(w->at - begin);
	n->has_escape = has_escape;
	n->end = (uint32_t)w->tree->count;
	if (type == JSON_TYPE_STRING) {
		n->data++;
		n->len -= 2;
	}
	return 0;
}

int
tree_read(struct tree *t, struct slice text, struct err *err)
{
	struct walk w = { .tree = t, .at = text.data, .end = text.data + text.len, .err = err };
	uint32_t root;

	t->count = 0;
	t->text = text.data;
	buf_clear(&t->names);
	skip_blanks(&w);
	return add_node(&w, &root) || read_value(&w, root) ? -1 : 0;
}

/* ---- looking ---- */

static uint32_t
skip_dropped(const struct tree *t, uint32_t parent, uint32_t i)
{
	while (i < t->nodes[parent].end && t->nodes[i].is_dropped)
		i = t->nodes[i].end;
	return i < t->nodes[parent].end ? i : 0;
}

uint32_t
tree_first(const struct tree *t, uint32_t parent)
{
	return skip_dropped(t, parent, parent + 1);
}

uint32_t
tree_next(const struct tree *t, uint32_t parent, uint32_t child)
{
	return skip_dropped(t, parent, t->nodes[child].end);
}

static uint32_t
find_member(const struct tree *t, uint32_t parent, struct slice name)
{
	if (t->nodes[parent].type != JSON_TYPE_OBJECT)
		return 0;
	for (uint32_t i = tree_first(t, parent); i; i = tree_next(t, parent, i)) {
		if (slice_equal(tree_name(t, i), name))
			return i;
	}
	return 0;
}

uint32_t
tree_find(const struct tree *t, struct slice path)
{
	uint32_t node = 0;
	struct slice name;

	do {
		slice_cut(path, '.', &name, &path);
		node = find_member(t, node, name);
	} while (node && path.len);
	return node;
}

size_t
tree_byte(const struct tree *t, uint32_t node)
{
	const struct tree_node *n = &t->nodes[node];

	return (size_t)(n->data - t->text) - (n->type == JSON_TYPE_STRING);
}
