/* SPDX-License-Identifier: MIT */
#include "io/http_retry.h"

#include <curl/curl.h>
#include <stdlib.h>

enum {
	DELAY_MS_MAX = 20 * 1000,
	DELAY_MS_FIRST = 50,
	DELAY_MS_FIRST_THROTTLED = 500,
	DATE_BYTES_MAX = 64,
};

/* The longest delay behind this attempt; the true one is random below it (full jitter). */
static int64_t
delay_ms_max(enum http_failure failure, unsigned attempt)
{
	int64_t ms = failure == HTTP_FAILED_THROTTLED ? DELAY_MS_FIRST_THROTTLED : DELAY_MS_FIRST;

	for (unsigned i = 1; i < attempt && ms < DELAY_MS_MAX; i++)
		ms *= 2;
	return ms < DELAY_MS_MAX ? ms : DELAY_MS_MAX;
}

enum http_retry
http_retry_decide(struct http_budget *budget, const struct http_retry_case *c,
    int64_t *ret_delay_ms, int *ret_cost)
{
	int cost = c->failure == HTTP_FAILED_TIMEOUT ? HTTP_RETRY_COST_TIMEOUT : HTTP_RETRY_COST;
	int64_t delay_ms, max_ms;

	if (c->attempt >= c->attempts_max)
		return HTTP_RETRY_EXHAUSTED;
	if (c->retry_after_ms > HTTP_RETRY_AFTER_MS_MAX)
		return HTTP_RETRY_TOO_LONG;
	max_ms = delay_ms_max(c->failure, c->attempt);
	/* who only asks for patience is not down: the longest delay is enough */
	if (c->failure == HTTP_FAILED_THROTTLED && budget->tokens < cost) {
		max_ms = DELAY_MS_MAX;
		cost = 0;
	}
	delay_ms = (int64_t)(c->random % (uint64_t)(max_ms + 1));
	if (delay_ms < c->retry_after_ms)
		delay_ms = c->retry_after_ms;
	if (delay_ms >= c->left_ms)
		return HTTP_RETRY_TOO_LONG;
	if (budget->tokens < cost)
		return HTTP_RETRY_BROKE;
	budget->tokens -= cost;
	*ret_delay_ms = delay_ms;
	*ret_cost = cost;
	return HTTP_RETRY_WAIT;
}

void
http_budget_refund(struct http_budget *budget, int cost)
{
	budget->tokens += cost ? cost : HTTP_RETRY_REFUND;
	if (budget->tokens > HTTP_RETRY_TOKENS)
		budget->tokens = HTTP_RETRY_TOKENS;
}

int64_t
http_date_ms(struct slice value)
{
	char text[DATE_BYTES_MAX];
	time_t seconds;

	/* curl_getdate takes much that is no date with a day and a time */
	if (value.len < strlen("Sun Nov  6 08:49:37 1994") || value.len >= sizeof(text) ||
	    memchr(value.data, '\0', value.len))
		return -1;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	seconds = curl_getdate(text, NULL);
	return seconds < 0 ? -1 : (int64_t)seconds * 1000;
}

int64_t
http_retry_after_ms(struct slice value, int64_t wall_ms)
{
	int64_t seconds = 0, date_ms;
	size_t i;

	value = slice_trim(value);
	for (i = 0; i < value.len && value.data[i] >= '0' && value.data[i] <= '9'; i++) {
		/* beyond a year it does not matter how long */
		if (seconds < 31536000)
			seconds = seconds * 10 + (value.data[i] - '0');
	}
	if (value.len && i == value.len)
		return seconds * 1000;
	date_ms = http_date_ms(value);
	if (date_ms < 0)
		return -1;
	return date_ms > wall_ms ? date_ms - wall_ms : 0;
}

int64_t
http_skew_ms(int64_t skew_ms, int64_t server_ms, int64_t wall_ms, bool is_complained)
{
	if (server_ms < 0)
		return skew_ms;
	if (!is_complained && llabs(server_ms - (wall_ms + skew_ms)) <= HTTP_SKEW_MS_MIN)
		return skew_ms;
	return server_ms - wall_ms;
}
