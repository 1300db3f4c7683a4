/* SPDX-License-Identifier: MIT */
#include "run/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "io/read_file.h"

enum { SETTINGS_BYTES_MAX = 1024 * 1024 };

#define SYSTEM_FILE "/etc/sluice.conf"

/* A property of librdkafka reaches its option as NAME=VALUE. */
static int
apply_property(struct opt_set *set, const char *name, const char *value, enum opt_origin origin,
    struct err *err)
{
	const struct opt *row = opt_find(set, "property");
	char *assignment;
	int rc;

	if (!row)
		return 0; /* a tool without Kafka */
	if (asprintf(&assignment, "%s=%s", name, value) < 0)
		return err_no_memory(err);
	rc = opt_apply(set, row, assignment, origin, err);
	free(assignment);
	return rc;
}

static int
apply_setting(struct opt_set *set, const char *name, const char *value, bool is_own_section,
    enum opt_origin origin, struct err *err)
{
	const struct opt *row;

	/* one list of brokers, so that the strongest origin wins whatever it calls them */
	if ((!strcmp(name, "bootstrap.servers") || !strcmp(name, "metadata.broker.list")) &&
	    opt_find(set, "brokers"))
		name = "brokers";
	if (strchr(name, '.'))
		return apply_property(set, name, value, origin, err);
	row = opt_find(set, name);
	if (row && strcmp(name, "config") && strcmp(name, "help") && strcmp(name, "version"))
		return opt_apply(set, row, value, origin, err);
	if (is_own_section || row)
		return err_set(err, ERR_USAGE, "unknown option %s", name);
	return err_set(err, ERR_USAGE,
	    "%s is no option of this tool (put it into the section of the tool it is for)", name);
}

/* Cuts [begin, end) of blanks and makes it a C string in place. */
static char *
trim_in_place(char *begin, char *end)
{
	struct slice s = slice_trim(slice_make(begin, (size_t)(end - begin)));

	begin += s.data - begin;
	begin[s.len] = '\0';
	return begin;
}

struct parse {
	struct opt_set *set;
	const char *tool;
	enum opt_origin origin;
	bool is_for_us;      /* the present section is ours or general */
	bool is_own_section;
};

static int
apply_line(struct parse *p, char *line, char *end, struct err *err)
{
	char *text = trim_in_place(line, end);
	char *equals;

	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (*text == '[') {
		char *close = strchr(text, ']');

		if (!close || close[1])
			return err_set(err, ERR_USAGE, "a section is written [tool]");
		*close = '\0';
		p->is_own_section = p->is_for_us = strcmp(text + 1, p->tool) == 0;
		return 0;
	}
	if (!p->is_for_us)
		return 0;
	equals = strchr(text, '=');
	if (!equals || equals == text)
		return err_set(err, ERR_USAGE, "expected name = value");
	return apply_setting(p->set, trim_in_place(text, equals),
	    trim_in_place(equals + 1, equals + 1 + strlen(equals + 1)), p->is_own_section,
	    p->origin, err);
}

static int
apply_text(struct parse *p, char *text, const char *path, struct err *err)
{
	int line = 1;

	while (*text) {
		char *end = strchrnul(text, '\n');
		char *next = *end ? end + 1 : end;

		if (apply_line(p, text, end, err) && !p->set->is_lenient)
			return err_wrap(err, "%s:%d", path, line);
		text = next;
		line++;
	}
	return 0;
}

int
settings_apply_file(struct opt_set *set, const char *tool, const char *path,
    enum opt_origin origin, char **ret_text, struct err *err)
{
	struct parse p = { .set = set, .tool = tool, .origin = origin, .is_for_us = true };
	struct stat status;
	char *text;

	if (set->is_lenient && (stat(path, &status) || !S_ISREG(status.st_mode)))
		return 0;
	text = read_file(path, SETTINGS_BYTES_MAX, err);
	if (!text)
		return -1;
	*ret_text = text; /* values stay in it */
	return apply_text(&p, text, path, err);
}

static int
apply_user_file(struct opt_set *set, const char *tool, char **ret_text, struct err *err)
{
	const char *named = getenv("SLUICE_CONFIG");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	int len;

	if (named && *named)
		return settings_apply_file(set, tool, named, OPT_USER_FILE, ret_text, err);
	if (xdg && *xdg == '/')
		len = snprintf(path, sizeof(path), "%s/sluice.conf", xdg);
	else if (home && *home)
		len = snprintf(path, sizeof(path), "%s/.config/sluice.conf", home);
	else
		return 0;
	if (len >= (int)sizeof(path) || access(path, F_OK))
		return 0;
	return settings_apply_file(set, tool, path, OPT_USER_FILE, ret_text, err);
}

int
settings_apply_defaults(struct opt_set *set, const char *tool, char **ret_texts, struct err *err)
{
	const char *brokers = getenv("BOOTSTRAP_SERVERS");
	const struct opt *row = opt_find(set, "brokers");

	if (access(SYSTEM_FILE, F_OK) == 0 &&
	    settings_apply_file(set, tool, SYSTEM_FILE, OPT_SYSTEM_FILE, &ret_texts[0], err))
		return -1;
	if (apply_user_file(set, tool, &ret_texts[1], err))
		return -1;
	if (brokers && *brokers && row && opt_apply(set, row, brokers, OPT_ENVIRONMENT, err))
		return err_wrap(err, "BOOTSTRAP_SERVERS");
	return 0;
}
