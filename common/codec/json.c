/* SPDX-License-Identifier: MIT */
/*
 * The record scanner.
 *
 * Records of a stream resemble each other, so each object member that was seen is kept as a `struct
 * key`, with the text that led to its value (`"name":`, and white space as it stood), what is asked
 * for there, and the key that came after it last time. One wide compare with that guess replaces
 * finding the name's end, the colon and the look-up. Where the guess fails the name is looked up in
 * the cache of keys, and where it is not there in the compiled paths.
 *
 * json_scan is the fast way through a record. It looks at fixed numbers of bytes without asking
 * where the text ends, and turns to the read_* functions, which look at each byte and at the end,
 * whenever it meets something else than it hopes for. What it hopes for is correct JSON, so having
 * stepped past the end means only that the text was cut short: there is one check for that after
 * each value. The bytes behind the text cannot change what is found before its end.
 */
#include "codec/json.h"

#include <stdlib.h>

#include "codec/json_wide.h"
#include "codec/utf8.h"

enum {
	LITERAL_MAX = WIDE_BYTES,
	QUOTED_MAX = WIDE_BYTES, /* a name with its quotes */
	CACHE_KEYS = 512,        /* a power of 2 */
	CACHE_PROBES = 4,        /* a key stands at one of so many places from its hash on */
	KEY_ALIGNMENT = 64,      /* a line of the processor's cache */
};

#define SLOT_NONE UINT32_MAX
#define TEXT_MAX UINT32_MAX /* what the len of a value can hold */

static const char end_reason[] = "unexpected end";

/* One member of a path, or the root above the first members. */
struct node {
	struct slice name;
	struct node *child, *sibling;
	uint32_t id;
	uint32_t slot; /* index of the path that ends here, or SLOT_NONE */
};

/* A member of an object as it was seen. */
struct key {
	/* from behind the comma or brace to the value */
	_Alignas(KEY_ALIGNMENT) char literal[WIDE_BYTES];
	char name[WIDE_BYTES]; /* with its quotes */
	uint32_t literal_len, literal_mask;
	uint32_t name_len;
	uint32_t slot;
	bool has_below;                /* a longer path goes through it */
	const struct node *object;     /* whose member it is; NULL: no key */
	const struct node *guessed_in; /* the same where there is a literal, else NULL */
	const struct node *node;       /* what is asked for inside its value */
	struct key *next;              /* followed it last time */
	struct key *inside;            /* was first in the object that is its value */
};

/* An open array or object, and what to return to behind it. */
struct frame {
	const char *start;
	struct json_value *out;
	const struct node *object;
	struct key *key;
};

struct json_scanner {
	struct node *nodes; /* [0] is the root */
	char *names;
	struct key *cache;
	struct key *root;   /* the key whose value is the record */
	struct key *spare;  /* the key in hand where it cannot be cached */
	struct key *no_key; /* matches nothing */
	struct frame *frames;
	struct node nobody; /* asks for nothing */
	uint32_t slot_count;
	uint32_t turn; /* which of several keys is replaced next */
};

/* Why and where a text is not JSON, while it is being read. */
struct trouble {
	const char *at;
	const char *reason;
};

const char *
json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_TYPE_MISSING] = "missing",
		[JSON_TYPE_NULL] = "null",
		[JSON_TYPE_FALSE] = "false",
		[JSON_TYPE_TRUE] = "true",
		[JSON_TYPE_NUMBER] = "number",
		[JSON_TYPE_STRING] = "string",
		[JSON_TYPE_ARRAY] = "array",
		[JSON_TYPE_OBJECT] = "object",
	};

	return names[type];
}

enum json_type
json_type_at(char first)
{
	switch (first) {
	case '"':
		return JSON_TYPE_STRING;
	case '{':
		return JSON_TYPE_OBJECT;
	case '[':
		return JSON_TYPE_ARRAY;
	case 't':
		return JSON_TYPE_TRUE;
	case 'f':
		return JSON_TYPE_FALSE;
	case 'n':
		return JSON_TYPE_NULL;
	default:
		return JSON_TYPE_NUMBER;
	}
}

/* ---- compiling the paths ---- */

static struct node *
node_find(const struct node *parent, struct slice name)
{
	struct node *child = parent->child;

	while (child && !slice_equal(child->name, name))
		child = child->sibling;
	return child;
}

/* As node_find, for a name as it stands in the text. */
static const struct node *
node_find_escaped(const struct node *parent, struct slice inside)
{
	const struct node *child = parent->child;

	while (child && !json_string_is(inside, child->name))
		child = child->sibling;
	return child;
}

static void
node_init(struct node *node, uint32_t id, struct slice name)
{
	*node = (struct node){ .name = name, .id = id, .slot = SLOT_NONE };
}

/* Adds the nodes of one path; its bytes must stay. */
static void
compile_path(struct json_scanner *s, uint32_t *node_count, struct slice path, uint32_t slot)
{
	struct node *node = s->nodes, *child;
	struct slice member;

	while (path.len) {
		(void)slice_cut(path, '.', &member, &path);
		child = node_find(node, member);
		if (!child) {
			child = &s->nodes[*node_count];
			node_init(child, (*node_count)++, member);
			child->sibling = node->child;
			node->child = child;
		}
		node = child;
	}
	node->slot = slot;
}

static void
compile_paths(struct json_scanner *s, const struct json_paths *paths)
{
	uint32_t node_count = 1;
	char *at = s->names;
	struct slice name;

	node_init(s->nodes, 0, slice_make(NULL, 0));
	for (uint32_t i = 0; i < s->slot_count; i++) {
		name = json_paths_name(paths, i);
		memcpy(at, name.data, name.len);
		compile_path(s, &node_count, slice_make(at, name.len), i);
		at += name.len;
	}
	node_init(&s->nobody, node_count, slice_make(NULL, 0));
}

/* Bytes of all names, and how many nodes they need at most, the root included. */
static void
measure_paths(const struct json_paths *paths, size_t *ret_bytes, size_t *ret_nodes)
{
	size_t bytes = 0, nodes = 1;
	struct slice name;

	for (unsigned i = 0; i < json_paths_count(paths); i++) {
		name = json_paths_name(paths, i);
		bytes += name.len;
		nodes++;
		for (size_t k = 0; k < name.len; k++)
			nodes += name.data[k] == '.';
	}
	*ret_bytes = bytes;
	*ret_nodes = nodes;
}

/* ---- keys ---- */

/* What is asked for at a key and inside its value; node is NULL where nothing is. */
static void
key_settle(
    struct json_scanner *s, struct key *key, const struct node *object, const struct node *node)
{
	key->object = object;
	key->guessed_in = NULL;
	key->node = node ? node : &s->nobody;
	key->slot = key->node->slot;
	key->has_below = key->node->child != NULL;
}

static void
key_init(struct json_scanner *s, struct key *key)
{
	memset(key, 0, sizeof(*key));
	key->next = key->inside = s->no_key;
}

/* Keeps the text that led to the value, where it is short enough, to guess it the next time. */
static void
key_remember(struct key *key, const char *from, const char *to)
{
	key->guessed_in = NULL;
	if (to - from > LITERAL_MAX)
		return;
	key->guessed_in = key->object;
	memcpy(key->literal, from, (size_t)(to - from));
	key->literal_len = (uint32_t)(to - from);
	key->literal_mask = wide_mask(key->literal_len);
}

static inline uint64_t
load_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * Where the key of a name is looked for first; the next places follow. `quote` is the name's
 * opening quote, len (2 to QUOTED_MAX) counts both.
 */
static inline struct key *
cache_place(
    const struct json_scanner *s, const struct node *object, const char *quote, uint32_t len)
{
	/* the word at 8 - n keeps the first n bytes of another */
	static const unsigned char masks[16] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	uint32_t inner = len - 2, last = inner > 8 ? inner - 8 : 0;
	uint64_t mask = load_word((const char *)masks + (inner > 8 ? 0 : 8 - inner));
	uint64_t hash = (load_word(quote + 1) & mask) * 0x9e3779b97f4a7c15u;

	hash ^= (load_word(quote + 1 + last) & mask) * 0xc2b2ae3d27d4eb4fu;
	return &s->cache[((hash >> 55) + len + 37 * object->id) % CACHE_KEYS];
}

static inline bool
key_is(const struct key *key, const struct node *object, const char *quote, uint32_t len)
{
	/* one branch: three are often guessed wrong where two keys contend for a place */
	return (key->object == object) & (key->name_len == len) &
	       wide_equal(quote, key->name, wide_mask(len));
}

static inline struct key *
cache_find(struct key *place, const struct node *object, const char *quote, uint32_t len)
{
	for (struct key *key = place; key < place + CACHE_PROBES; key++)
		if (key_is(key, object, quote, len))
			return key;
	return NULL;
}

/* A new key for the name in the place of an older one. */
static struct key *
cache_add(struct json_scanner *s, struct key *place, const struct node *object, const char *quote,
    uint32_t len)
{
	struct key *key = place;

	while (key < place + CACHE_PROBES && key->object)
		key++;
	if (key == place + CACHE_PROBES)
		key = place + s->turn++ % CACHE_PROBES;
	key_init(s, key);
	memcpy(key->name, quote, len);
	key->name_len = len;
	key_settle(s, key, object, node_find(object, slice_make(quote + 1, len - 2)));
	return key;
}

/* The key of a name that cannot be cached. */
static struct key *
spare_key(struct json_scanner *s, const struct node *object, struct slice inside, bool has_escape)
{
	key_settle(s, s->spare, object,
	    has_escape ? node_find_escaped(object, inside) : node_find(object, inside));
	return s->spare;
}

/* Forgets what stood below an earlier occurrence of the same key. */
static void
clear_below(const struct node *node, struct json_value *values)
{
	for (const struct node *child = node->child; child; child = child->sibling) {
		if (child->slot != SLOT_NONE)
			values[child->slot] = (struct json_value){ .type = JSON_TYPE_MISSING };
		clear_below(child, values);
	}
}

/* ---- the slow way: byte by byte, mindful of the end ---- */

/* Notes the trouble; NULL. */
static const char *
stuck(struct trouble *trouble, const char *at, const char *reason)
{
	*trouble = (struct trouble){ .at = at, .reason = reason };
	return NULL;
}

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *
skip_plain(const char *p, const char *end)
{
	uint32_t special = 0;

	while (p < end && !(special = wide_special(p)))
		p += WIDE_BYTES;
	if (special)
		p += __builtin_ctz(special);
	return p < end ? p : end;
}

/* Steps over the escape at p. */
static const char *
read_escape(const char *p, const char *end, struct trouble *trouble)
{
	if (++p == end)
		return stuck(trouble, end, end_reason);
	if (*p != 'u') {
		if (!*p || !strchr("\"\\/bfnrt", *p))
			return stuck(trouble, p, "unknown escape in a string");
		return p + 1;
	}
	p++;
	for (int i = 0; i < 4; i++, p++) {
		if (p == end)
			return stuck(trouble, end, end_reason);
		if (!is_hex(*p))
			return stuck(trouble, p, "hexadecimal digit expected");
	}
	return p;
}

/* Steps over what is not ASCII. */
static const char *
read_utf8(const char *p, const char *end, struct trouble *trouble)
{
	int len, part;

	while (p < end && (*p & 0x80)) {
		len = utf8_measure(p, end, &part);
		if (len == UTF8_CUT)
			return stuck(trouble, end, end_reason);
		if (len == UTF8_BAD)
			return stuck(trouble, p, "invalid UTF-8");
		p += len;
	}
	return p;
}

/* Steps over the string whose opening quote is at p. */
static const char *
read_string(const char *p, const char *end, bool *ret_has_escape, struct trouble *trouble)
{
	*ret_has_escape = false;
	p++;
	while (p) {
		p = skip_plain(p, end);
		if (p == end)
			return stuck(trouble, end, end_reason);
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			*ret_has_escape = true;
			p = read_escape(p, end, trouble);
		} else if (*p & 0x80) {
			p = read_utf8(p, end, trouble);
		} else {
			return stuck(trouble, p, "control character in a string");
		}
	}
	return NULL;
}

/* Steps over one digit or more. */
static const char *
read_digits(const char *p, const char *end, struct trouble *trouble)
{
	if (p >= end)
		return stuck(trouble, end, end_reason);
	if (!is_digit(*p))
		return stuck(trouble, p, "digit expected");
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static const char *
read_number(const char *p, const char *end, bool *ret_is_integer, struct trouble *trouble)
{
	*ret_is_integer = true;
	if (*p == '-')
		p++;
	if (p < end && *p == '0') {
		p++;
		if (p < end && is_digit(*p))
			return stuck(trouble, p, "digit after a leading zero");
	} else if (!(p = read_digits(p, end, trouble))) {
		return NULL;
	}
	if (p < end && *p == '.') {
		*ret_is_integer = false;
		p = read_digits(p + 1, end, trouble);
		if (!p)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		*ret_is_integer = false;
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = read_digits(p, end, trouble);
	}
	return p;
}

/* Steps over true, false or null. */
static const char *
read_word(const char *p, const char *end, enum json_type *ret_type, struct trouble *trouble)
{
	const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";

	if (*p != *word)
		return stuck(trouble, p, "value expected");
	for (; *word; word++, p++) {
		if (p == end)
			return stuck(trouble, end, end_reason);
		if (*p != *word)
			return stuck(trouble, p, "value expected");
	}
	*ret_type = p[-4] == 't' ? JSON_TYPE_TRUE : p[-4] == 'n' ? JSON_TYPE_NULL : JSON_TYPE_FALSE;
	return p;
}

/* A member's key, NULL in trouble, and where its value is, or white space before that. */
struct member {
	struct key *key;
	const char *value;
};

/* Reads a member's name and colon from p on, as member_read. */
static struct member
member_read_slowly(struct json_scanner *s, const struct node *object, struct key **guess,
    const char *p, const char *end, struct trouble *trouble)
{
	const struct member none = { NULL, NULL };
	const char *quote = skip_blanks(p, end), *behind, *colon, *value;
	struct key *place, *key;
	uint32_t name_len;
	bool has_escape;

	if (quote >= end || *quote != '"') {
		(void)stuck(trouble, quote, "string expected as a member's name");
		return none;
	}
	behind = read_string(quote, end, &has_escape, trouble);
	if (!behind)
		return none;
	colon = skip_blanks(behind, end);
	if (colon >= end || *colon != ':') {
		(void)stuck(trouble, colon, "colon expected");
		return none;
	}
	value = skip_blanks(colon + 1, end);
	if (has_escape || behind - quote > QUOTED_MAX) {
		key = spare_key(
		    s, object, slice_make(quote + 1, (size_t)(behind - quote) - 2), has_escape);
		return (struct member){ key, value };
	}
	name_len = (uint32_t)(behind - quote);
	place = cache_place(s, object, quote, name_len);
	key = cache_find(place, object, quote, name_len);
	if (!key)
		key = cache_add(s, place, object, quote, name_len);
	if (key == *guess || !key->guessed_in)
		key_remember(key, p, value);
	*guess = key;
	return (struct member){ key, value };
}

/*
 * Reads the member at p, behind a comma or brace, that *guess was wrong about; *guess becomes what
 * it should have been. A known name in its usual form takes no look at the end of the text: the
 * caller sees where it got.
 */
static __attribute__((noinline)) struct member
member_read(struct json_scanner *s, const struct node *object, struct key **guess, const char *p,
    const char *end, struct trouble *trouble)
{
	const char *quote = p;
	struct key *key;
	uint32_t quotes, len;

	if (*quote == ' ')
		quote++;
	quotes = *quote == '"' ? wide_quote(quote + 1) : 0;
	if (!quotes)
		return member_read_slowly(s, object, guess, p, end, trouble);
	len = (uint32_t)__builtin_ctz(quotes) + 2;
	if (len > QUOTED_MAX || quote[len] != ':')
		return member_read_slowly(s, object, guess, p, end, trouble);
	key = cache_find(cache_place(s, object, quote, len), object, quote, len);
	if (!key || (key == *guess && key->guessed_in))
		return member_read_slowly(s, object, guess, p, end, trouble);
	*guess = key;
	return (struct member){ key, quote + len + 1 };
}

/* ---- the scanner ---- */

void
json_scanner_free(struct json_scanner *s)
{
	if (!s)
		return;
	free(s->nodes);
	free(s->names);
	free(s->cache);
	free(s->frames);
	free(s);
}

struct json_scanner *
json_scanner_new(const struct json_paths *paths, struct err *err)
{
	struct json_scanner *s = calloc(1, sizeof(*s));
	size_t name_bytes, node_count, cache_bytes;
	struct key *extra;

	if (!s)
		goto no_memory;
	measure_paths(paths, &name_bytes, &node_count);
	cache_bytes = (CACHE_KEYS + CACHE_PROBES - 1 + 3) * sizeof(*s->cache);
	s->slot_count = json_paths_count(paths);
	s->names = malloc(name_bytes + 1);
	s->nodes = calloc(node_count, sizeof(*s->nodes));
	s->frames = calloc(JSON_DEPTH_MAX, sizeof(*s->frames));
	s->cache = aligned_alloc(KEY_ALIGNMENT, cache_bytes);
	if (!s->names || !s->nodes || !s->frames || !s->cache)
		goto no_memory;
	memset(s->cache, 0, cache_bytes);
	extra = &s->cache[CACHE_KEYS + CACHE_PROBES - 1];
	s->no_key = &extra[0];
	s->root = &extra[1];
	s->spare = &extra[2];
	compile_paths(s, paths);
	key_init(s, s->no_key);
	key_init(s, s->root);
	key_init(s, s->spare);
	key_settle(s, s->root, NULL, s->nodes);
	return s;

no_memory:
	(void)err_no_memory(err);
	json_scanner_free(s);
	return NULL;
}

static inline void
value_set(struct json_value *out, enum json_type type, const char *from, const char *to,
    bool has_escape, bool is_integer)
{
	out->data = from;
	out->len = (uint32_t)(to - from);
	out->type = (uint8_t)type;
	out->has_escape = has_escape;
	out->is_integer = is_integer;
}

/*
 * At p, behind a value that is not followed by what it should be: is that value a number, of which
 * wide_number saw only the digits before its exponent?
 */
static bool
is_exponent_of(const char *p, const struct json_value *value)
{
	return (*p == 'e' || *p == 'E') && value->type == JSON_TYPE_NUMBER &&
	       value->data + value->len == p && !memchr(value->data, 'e', value->len) &&
	       !memchr(value->data, 'E', value->len);
}

/* Steps over a record that is no array and no object. */
static const char *
read_scalar(const char *p, const char *end, struct trouble *trouble)
{
	enum json_type type;
	bool flag;

	if (*p == '"')
		return read_string(p, end, &flag, trouble);
	if (*p == '-' || is_digit(*p))
		return read_number(p, end, &flag, trouble);
	return read_word(p, end, &type, trouble);
}

int
json_scan(struct json_scanner *s, struct slice text, struct json_value *ret_values,
    struct json_fault *ret_fault)
{
	const char *const end = text.len ? text.data + text.len : text.data;
	const char *p = text.data, *behind;
	const struct node *object = &s->nobody; /* the object we are in, NULL in an array */
	struct key *key = s->root;              /* the latest one */
	struct key **guess;                     /* where the guess for the next one is kept */
	struct member member;
	struct frame *frame = s->frames, *const frames_end = s->frames + JSON_DEPTH_MAX;
	struct json_value nowhere, *out = &nowhere;
	struct trouble trouble;
	enum json_type type;
	uint32_t special, len;
	bool is_integer, flag;

	if (text.len > TEXT_MAX) {
		*ret_fault = (struct json_fault){ TEXT_MAX, "longer than 4 GiB" };
		return -1;
	}
	if (s->slot_count)
		memset(ret_values, 0, s->slot_count * sizeof(*ret_values));
	p = skip_blanks(p, end);
	if (p == end)
		goto cut;
	if (*p == '{' || *p == '[')
		goto open;
	p = read_scalar(p, end, &trouble);
	if (!p)
		goto fault;
	goto root_done;

member: /* p is behind a comma or the opening brace */
	member.key = *guess;
	if (member.key->guessed_in == object &&
	    wide_equal(p, member.key->literal, member.key->literal_mask)) {
		key = member.key;
		p += key->literal_len;
		goto member_value;
	}
	member = member_read(s, object, guess, p, end, &trouble);
	if (!member.key)
		goto fault;
	key = member.key;
	p = member.value;

member_value:
	out = key->slot == SLOT_NONE ? &nowhere : &ret_values[key->slot];
	if (key->has_below)
		clear_below(key->node, ret_values);

value: /* p is at it, or at white space before it */
	if (p >= end)
		goto cut;
	if (*p == '"') {
		special = wide_special(p + 1);
		if (special) {
			behind = p + 1 + __builtin_ctz(special);
			if (*behind == '"') {
				value_set(out, JSON_TYPE_STRING, p + 1, behind, false, false);
				p = behind + 1;
				goto value_done;
			}
		}
		behind = read_string(p, end, &flag, &trouble);
		if (!behind)
			goto fault;
		value_set(out, JSON_TYPE_STRING, p + 1, behind - 1, flag, false);
		p = behind;
		goto value_done;
	}
	if (is_digit(*p)) {
		len = wide_number(p, &is_integer);
		if (!len)
			goto number;
		value_set(out, JSON_TYPE_NUMBER, p, p + len, false, is_integer);
		p += len;
		goto value_done;
	}
	if (*p == '-') {
		len = is_digit(p[1]) ? wide_number(p + 1, &is_integer) : 0;
		if (!len)
			goto number;
		value_set(out, JSON_TYPE_NUMBER, p, p + 1 + len, false, is_integer);
		p += len + 1;
		goto value_done;
	}
	if (*p == '{' || *p == '[')
		goto open;
	if (is_blank(*p)) {
		p = skip_blanks(p, end);
		goto value;
	}
	behind = read_word(p, end, &type, &trouble);
	if (!behind)
		goto fault;
	value_set(out, type, p, behind, false, false);
	p = behind;

value_done: /* p is behind it */
	if (p > end)
		goto cut;
	if (!object)
		goto element_done;
	if (*p == ',') {
		p++;
		guess = &key->next;
		goto member;
	}
	if (*p == '}')
		goto close;
	if (p < end && is_exponent_of(p, out))
		goto exponent;
	p = skip_blanks(p, end);
	if (p < end && (*p == ',' || *p == '}'))
		goto value_done;
	(void)stuck(&trouble, p, "comma or } expected");
	goto fault;

element_done:
	if (*p == ',') {
		p++;
		out = &nowhere;
		goto value;
	}
	if (*p == ']')
		goto close;
	if (p < end && is_exponent_of(p, out))
		goto exponent;
	p = skip_blanks(p, end);
	if (p < end && (*p == ',' || *p == ']'))
		goto value_done;
	(void)stuck(&trouble, p, "comma or ] expected");
	goto fault;

exponent: /* p is behind the digits of a number that has more */
	p = out->data;
number:
	behind = read_number(p, end, &flag, &trouble);
	if (!behind)
		goto fault;
	value_set(out, JSON_TYPE_NUMBER, p, behind, false, flag);
	p = behind;
	goto value_done;

open: /* p is at a bracket */
	if (frame == frames_end) {
		(void)stuck(&trouble, p, "nested too deep");
		goto fault;
	}
	*frame++ = (struct frame){ .start = p, .out = out, .object = object, .key = key };
	object = *p == '[' ? NULL : object ? key->node : &s->nobody;
	p = skip_blanks(p + 1, end);
	if (p >= end)
		goto cut;
	if (*p == (object ? '}' : ']'))
		goto close;
	guess = &key->inside;
	out = &nowhere;
	if (object)
		goto member;
	goto value;

close: /* p is at the bracket */
	p++;
	frame--;
	value_set(
	    frame->out, object ? JSON_TYPE_OBJECT : JSON_TYPE_ARRAY, frame->start, p, false, false);
	object = frame->object;
	key = frame->key;
	if (frame > s->frames)
		goto value_done;

root_done:
	if (p > end)
		goto cut;
	p = skip_blanks(p, end);
	if (p == end)
		return 0;
	(void)stuck(&trouble, p, "something after the value");

fault:
	if (trouble.at >= end)
		goto cut;
	*ret_fault = (struct json_fault){ (size_t)(trouble.at - text.data), trouble.reason };
	return -1;

cut:
	*ret_fault = (struct json_fault){ text.len, end_reason };
	return -1;
}
