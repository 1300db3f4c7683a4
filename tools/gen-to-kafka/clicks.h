/* SPDX-License-Identifier: MIT */
/*
 * Sessions of a web shop, as the generator of the MSK clickstream tutorial has them: a number of
 * users at a time, each going from page to page until the session ends; then another user takes the
 * place. Which of them clicks next is random.
 */
#ifndef SLUICE_GEN_TO_KAFKA_CLICKS_H
#define SLUICE_GEN_TO_KAFKA_CLICKS_H

#include "base/slice.h"
#include "gen-to-kafka/random.h"

enum click_page {
	CLICK_HOME_PAGE,
	CLICK_PRODUCT_CATALOG,
	CLICK_PRODUCT_DETAIL,
	CLICK_ADD_TO_CART,
	CLICK_ORDER,
	CLICK_REMOVE_FROM_CART,
	CLICK_ORDER_CHECKOUT,
	CLICK_END,    /* the last of a session: the names of page and product are empty */
	CLICK_NOBODY, /* no session has begun here yet */
};

struct click_session {
	enum click_page page;
	unsigned device;
	unsigned product;
	unsigned address; /* the last byte of 66.249.1.0 */
	int64_t user;
	int64_t previous; /* number of the click before in this place, 0 where there is none */
};

/* Sessions of one target. Users are numbered through all targets. */
struct clicks {
	struct click_session *sessions;
	uint64_t session_count;
	uint64_t users_seen;
	uint64_t target;
	uint64_t target_count;
};

/* One click. Its texts live for ever. */
struct click {
	struct slice device;
	struct slice page;
	struct slice product;
	unsigned address;
	int64_t user;
	int64_t number;
	int64_t previous;
};

/* Numbers of users stay below 2^31: they are an int in the tutorial's schema. */
enum { CLICK_USER_FIRST = 1001, CLICK_USER_MAX = INT32_MAX };

void clicks_init(struct clicks *, struct click_session *sessions, uint64_t session_count,
    uint64_t target, uint64_t target_count);

void clicks_next(struct clicks *, struct random *, int64_t number, struct click *ret);

#endif
