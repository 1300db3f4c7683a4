/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/clicks.h"

#define TEXT(t)                    \
	{                          \
		(t), sizeof(t) - 1 \
	}

static const struct slice page_names[] = {
	[CLICK_HOME_PAGE] = TEXT("home_page"),
	[CLICK_PRODUCT_CATALOG] = TEXT("product_catalog"),
	[CLICK_PRODUCT_DETAIL] = TEXT("product_detail"),
	[CLICK_ADD_TO_CART] = TEXT("add_to_cart"),
	[CLICK_ORDER] = TEXT("order"),
	[CLICK_REMOVE_FROM_CART] = TEXT("remove_from_cart"),
	[CLICK_ORDER_CHECKOUT] = TEXT("order_checkout"),
	[CLICK_END] = TEXT(""),
};

/* Where a page leads, each with the same chance. */
static const struct {
	unsigned count;
	enum click_page to[3];
} ways[] = {
	[CLICK_HOME_PAGE] = { 1, { CLICK_PRODUCT_CATALOG } },
	[CLICK_PRODUCT_CATALOG] = { 2, { CLICK_HOME_PAGE, CLICK_PRODUCT_DETAIL } },
	[CLICK_PRODUCT_DETAIL] = { 2, { CLICK_PRODUCT_CATALOG, CLICK_ADD_TO_CART } },
	[CLICK_ADD_TO_CART] = { 3, { CLICK_PRODUCT_CATALOG, CLICK_REMOVE_FROM_CART, CLICK_ORDER } },
	[CLICK_ORDER] = { 3,
	    { CLICK_ORDER_CHECKOUT, CLICK_REMOVE_FROM_CART, CLICK_PRODUCT_CATALOG } },
	[CLICK_REMOVE_FROM_CART] = { 3,
	    { CLICK_END, CLICK_PRODUCT_DETAIL, CLICK_PRODUCT_CATALOG } },
	[CLICK_ORDER_CHECKOUT] = { 1, { CLICK_END } },
};

static const struct slice devices[] = { TEXT("mobile"), TEXT("computer"), TEXT("tablet") };

static const struct slice products[] = {
	TEXT("laptops"),
	TEXT("cameras"),
	TEXT("phones"),
	TEXT("tablets"),
	TEXT("televisions"),
	TEXT("headphones"),
	TEXT("watches"),
	TEXT("printers"),
};

static const struct slice no_product = TEXT("N/A");

enum {
	DEVICE_COUNT = sizeof(devices) / sizeof(*devices),
	PRODUCT_COUNT = sizeof(products) / sizeof(*products),
	ADDRESS_COUNT = 255, /* 66.249.1.0 to 66.249.1.254 */
};

void
clicks_init(struct clicks *c, struct click_session *sessions, uint64_t session_count,
    uint64_t target, uint64_t target_count)
{
	*c = (struct clicks){
		.sessions = sessions,
		.session_count = session_count,
		.target = target,
		.target_count = target_count,
	};
	for (uint64_t i = 0; i < session_count; i++)
		sessions[i] = (struct click_session){ .page = CLICK_NOBODY };
}

static void
begin_session(struct clicks *c, struct random *random, struct click_session *s)
{
	uint64_t user = c->users_seen++ * c->target_count + c->target;

	s->page = CLICK_HOME_PAGE;
	s->device = (unsigned)random_below(random, DEVICE_COUNT);
	s->address = (unsigned)random_below(random, ADDRESS_COUNT);
	s->user = CLICK_USER_FIRST + (int64_t)(user % (CLICK_USER_MAX - CLICK_USER_FIRST + 1));
}

static struct slice
product_of(const struct click_session *s)
{
	if (s->page == CLICK_HOME_PAGE || s->page == CLICK_PRODUCT_CATALOG)
		return no_product;
	if (s->page == CLICK_END)
		return page_names[CLICK_END];
	return products[s->product];
}

void
clicks_next(struct clicks *c, struct random *random, int64_t number, struct click *ret)
{
	struct click_session *s = &c->sessions[random_below(random, c->session_count)];

	if (s->page == CLICK_NOBODY || s->page == CLICK_END)
		begin_session(c, random, s);
	else
		s->page = ways[s->page].to[random_below(random, ways[s->page].count)];
	if (s->page == CLICK_PRODUCT_DETAIL)
		s->product = (unsigned)random_below(random, PRODUCT_COUNT);
	*ret = (struct click){
		.device = devices[s->device],
		.page = page_names[s->page],
		.product = product_of(s),
		.address = s->address,
		.user = s->user,
		.number = number,
		.previous = s->previous,
	};
	s->previous = number;
}
