/* SPDX-License-Identifier: MIT */
/* Options of which windows there are, and of when they are complete. */
#ifndef SLUICE_KAFKA_WINDOW_OPTIONS_WINDOW_H
#define SLUICE_KAFKA_WINDOW_OPTIONS_WINDOW_H

#include "base/opt.h"
#include "kafka-window/engine.h"

struct window_options {
	struct assigner assigner;
	const char *assigner_name; /* the option that gave it; NULL: none did */
	enum opt_origin assigner_origin;
	int64_t align_ms;
	const char *zone_name; /* NULL: UTC */
	struct zone *zone;     /* window_options_check opens it */
	int64_t lateness_ms;
	bool emits_updates;
	bool is_processing_time;
};

/* --tumble --hop --cumulate --session --align --tz --lateness --emit --processing-time; target:
 * struct window_options. */
extern const struct opt window_rows[];
extern const size_t window_row_count;

/* ERR_USAGE where there is no assigner, or not one that can be, or times that do not go together
 * (out_of_order_ms is looked at); fills in what it says, which borrows the zone. */
int window_options_check(struct window_options *, struct engine_options *, struct err *);
void window_options_release(struct window_options *);

#endif
