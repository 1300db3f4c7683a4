/* SPDX-License-Identifier: MIT */
#include "tests/unit/aws_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

enum { TEXT_BYTES_MAX = 65536 };

static char *
fill_in(const struct fixture *f, const char *text)
{
	struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	struct err err = ERR_INIT;

	for (; *text; text++) {
		int rc = *text == '@'   ? buf_appendf(&out, &err, "http://127.0.0.1:%d",
					      fake_aws_port(f->fake))
		         : *text == '%' ? buf_append_text(&out, f->home, &err)
		                        : buf_append_char(&out, *text, &err);

		assert_int_equal(rc, 0);
	}
	return buf_take(&out);
}

/* Nothing of the caller's may leak in. */
static void
clear_environment(void)
{
	for (char **v = environ; *v;) {
		char name[128];
		size_t len = strcspn(*v, "=");

		if (strncmp(*v, "AWS_", 4) || len >= sizeof(name)) {
			v++;
			continue;
		}
		memcpy(name, *v, len);
		name[len] = '\0';
		assert_int_equal(unsetenv(name), 0);
		v = environ;
	}
}

void
aws_set_environment(const struct fixture *f, const char *lines)
{
	char *text = fill_in(f, lines), *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		assert_int_equal(setenv(line, equals + 1, 1), 0);
	}
	free(text);
}

void
aws_write_file(const struct fixture *f, const char *path, const char *text)
{
	char *filled = fill_in(f, text);

	scratch_write(f->home, path, filled);
	free(filled);
}

int
aws_setup(void **state)
{
	static const char *const directories[] = { ".aws", ".aws/sso", ".aws/sso/cache" };
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->fake = fake_aws_start();
	if (!f->fake) {
		free(f);
		print_message("skipped: there is no python3\n");
		return 0;
	}
	f->home = scratch_new();
	for (size_t i = 0; i < COUNT(directories); i++) {
		char *path = scratch_path(f->home, directories[i]);

		assert_int_equal(mkdir(path, 0700), 0);
		free(path);
	}
	assert_int_equal(setenv("HOME", f->home, 1), 0);
	*state = f;
	return 0;
}

int
aws_teardown(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	fake_aws_stop(f->fake);
	scratch_remove(f->home);
	free(f);
	return 0;
}

struct fixture *
aws_begin(void **state)
{
	struct fixture *f = *state;

	if (!f)
		skip();
	clear_environment();
	/* the machine's own is never asked, and a busy machine is given time */
	aws_set_environment(f,
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT=@/imds/norole\n"
	    "AWS_METADATA_SERVICE_TIMEOUT=30\nAWS_MAX_ATTEMPTS=2");
	aws_write_file(f, ".aws/config", "");
	aws_write_file(f, ".aws/credentials", "");
	free(fake_aws_log(f->fake, true));
	return f;
}
