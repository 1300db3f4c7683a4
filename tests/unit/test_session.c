/* SPDX-License-Identifier: MIT */
/* Credentials that are renewed, or are not, and what is signed with them. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/session.h"
#include "base/clock.h"
#include "tests/unit/aws_kit.h"

enum { TEXT_BYTES_MAX = 65536, WAIT_MS_MAX = 20000 };

struct open_session {
	struct loop *loop;
	struct aws_session *session;
};

static struct open_session
open_session(const struct fixture *f, const char *environment)
{
	struct aws_options options = { .profile = NULL };
	struct open_session s;
	struct err err = ERR_INIT;

	aws_set_environment(f, environment);
	s.loop = loop_new(&err);
	assert_non_null(s.loop);
	s.session = aws_session_open(&options, s.loop, &err);
	if (!s.session || aws_session_wait_credentials(s.session, &err))
		fail_msg("%s", err.text);
	return s;
}

static void
close_session(struct open_session *s)
{
	aws_session_free(s->session);
	loop_free(s->loop);
}

static char *
present_key(struct aws_session *session)
{
	struct aws_credentials c = { .access_key = NULL };
	struct err err = ERR_INIT;
	char *key;

	if (aws_session_copy_credentials(session, &c, &err))
		return NULL;
	key = strdup(c.access_key);
	aws_credentials_release(&c);
	return key;
}

/* Waits, without turning the loop, until the present key is another one. */
static char *
await_other_key(struct aws_session *session, const char *key)
{
	int64_t deadline = clock_deadline(WAIT_MS_MAX);
	char *other = NULL;

	while (clock_mono_ms() < deadline) {
		other = present_key(session);
		if (other && strcmp(other, key))
			return other;
		free(other);
		(void)usleep(20000);
	}
	fail_msg("%s stayed", key);
	return NULL;
}

static void
test_renewed_before_they_expire(void **state)
{
	struct fixture *f = aws_begin(state);
	struct open_session s = open_session(f, CONTAINER("life-4"));
	char *first = present_key(s.session), *other;

	assert_non_null(first);
	other = await_other_key(s.session, first);
	free(first);
	free(other);
	close_session(&s);
}

/* While the instance's service is away its last credentials are used on. */
static void
test_instance_outage(void **state)
{
	struct fixture *f = aws_begin(state);
	struct open_session s = open_session(f, INSTANCE("life-1"));
	char *first = present_key(s.session), *later;

	assert_non_null(first);
	fake_aws_stop(f->fake);
	(void)usleep(1500000); /* past their end */
	later = present_key(s.session);
	assert_non_null(later);
	assert_string_equal(first, later);
	free(first);
	free(later);
	close_session(&s);
	f->fake = fake_aws_start();
	assert_non_null(f->fake);
}

/* What cannot be renewed is not signed with once it has expired, and the reason is told. */
static void
test_expired_and_not_renewed(void **state)
{
	struct fixture *f = aws_begin(state);
	struct open_session s = open_session(f, CONTAINER("life-5"));
	struct aws_signing signing = {
		.session = s.session, .service = "s3", .region = "us-east-1", .is_s3 = true
	};
	struct http_signer signer = aws_signer(&signing);
	struct http_unsigned request = { .method = slice_of("GET"),
		.scheme = slice_of("https"),
		.host = slice_of("h"),
		.path = slice_of("/"),
		.wall_ms = clock_wall_ms() };
	struct buf lines = BUF_INIT(TEXT_BYTES_MAX);
	int64_t deadline = clock_deadline(WAIT_MS_MAX);
	enum http_signing signed_how;
	struct err err = ERR_INIT;
	uint64_t issue;

	assert_int_equal(signer.sign(signer.context, &request, &lines, &issue, &err), HTTP_SIGNED);
	assert_non_null(strstr(lines.data, "X-Amz-Security-Token: token-of-ASIACONTAINER"));
	assert_non_null(strstr(lines.data, "X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb"));
	fake_aws_stop(f->fake);
	do {
		buf_clear(&lines);
		signed_how = signer.sign(signer.context, &request, &lines, &issue, &err);
		(void)loop_turn(s.loop, clock_mono_ms() + 20);
	} while (signed_how != HTTP_SIGN_FAILED && clock_mono_ms() < deadline);
	assert_int_equal(signed_how, HTTP_SIGN_FAILED);
	assert_int_equal(err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "container"));
	assert_null(present_key(s.session));
	buf_release(&lines);
	close_session(&s);
	f->fake = fake_aws_start();
	assert_non_null(f->fake);
}

static int
count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	assert_non_null(tasks);
	while ((entry = readdir(tasks)))
		count += entry->d_name[0] != '.';
	assert_int_equal(closedir(tasks), 0);
	return count;
}

/* A renewal that is under way, and gets no answer, does not outlive the session: libraries are
 * taken down at the end of the process. */
static void
test_ends_while_renewing(void **state)
{
	struct fixture *f = aws_begin(state);
	int threads = count_threads();
	struct open_session s = open_session(f, CONTAINER("once"));
	int64_t deadline = clock_deadline(WAIT_MS_MAX);

	for (bool is_renewing = false; !is_renewing;) {
		char *log, *first;

		assert_true(clock_mono_ms() < deadline);
		(void)usleep(20000);
		log = fake_aws_log(f->fake, false);
		first = strstr(log, "/container/once");
		is_renewing = first && strstr(first + 1, "/container/once");
		free(log);
	}
	close_session(&s);
	assert_int_equal(count_threads(), threads);
}

/* The service says that they have expired: new ones are got, and the loop is told. */
static void
sign_after_refusal(const struct fixture *f, const char *environment, enum http_signing expected)
{
	struct open_session s = open_session(f, environment);
	struct aws_signing signing = {
		.session = s.session, .service = "es", .region = "eu-west-1"
	};
	struct http_signer signer = aws_signer(&signing);
	struct http_unsigned request = { .method = slice_of("POST"),
		.scheme = slice_of("https"),
		.host = slice_of("h"),
		.path = slice_of("/a b"),
		.body = slice_of("x"),
		.wall_ms = clock_wall_ms() };
	struct buf lines = BUF_INIT(TEXT_BYTES_MAX);
	int64_t deadline = clock_deadline(WAIT_MS_MAX);
	enum http_signing signed_how;
	struct err err = ERR_INIT;
	uint64_t first, issue;

	assert_int_equal(
	    signer.sign(signer.context, &request, &lines, &first, &err), HTTP_SIGNED);
	signer.expired(signer.context, first);
	do {
		buf_clear(&lines);
		signed_how = signer.sign(signer.context, &request, &lines, &issue, &err);
		if (signed_how == HTTP_SIGN_LATER)
			(void)loop_turn(s.loop, clock_deadline(1000));
	} while (signed_how == HTTP_SIGN_LATER && clock_mono_ms() < deadline);
	assert_int_equal(signed_how, expected);
	if (expected == HTTP_SIGNED) {
		assert_non_null(strstr(lines.data, "token-of-ASIACONTAINER2\n"));
		assert_null(strstr(lines.data, "X-Amz-Content-Sha256"));
		/* so does a reply to a request that was under way meanwhile */
		signer.expired(signer.context, first);
		assert_int_equal(
		    signer.sign(signer.context, &request, &lines, &issue, &err), HTTP_SIGNED);
		assert_int_not_equal(issue, first);
	} else {
		assert_int_equal(err.class, ERR_DENIED);
		assert_non_null(strstr(err.text, "no newer ones"));
	}
	buf_release(&lines);
	close_session(&s);
}

static void
test_refused_by_the_service(void **state)
{
	sign_after_refusal(aws_begin(state), CONTAINER("ok"), HTTP_SIGNED);
	sign_after_refusal(aws_begin(state), CONTAINER("same"), HTTP_SIGN_FAILED);
}

static void
test_unsigned(void **state)
{
	struct fixture *f = aws_begin(state);
	struct aws_options options = { .is_unsigned = true };
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&err);
	struct aws_session *session = aws_session_open(&options, loop, &err);
	struct aws_signing signing = { .session = session, .service = "s3" };
	char *log;

	assert_non_null(session);
	assert_int_equal(aws_session_wait_credentials(session, &err), 0);
	assert_null(aws_signer(&signing).sign);
	log = fake_aws_log(f->fake, false);
	assert_string_equal(log, ""); /* nobody was asked */
	free(log);
	aws_session_free(session);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renewed_before_they_expire),
		cmocka_unit_test(test_instance_outage),
		cmocka_unit_test(test_expired_and_not_renewed),
		cmocka_unit_test(test_ends_while_renewing),
		cmocka_unit_test(test_refused_by_the_service),
		cmocka_unit_test(test_unsigned),
	};

	return cmocka_run_group_tests_name("session", tests, aws_setup, aws_teardown);
}
