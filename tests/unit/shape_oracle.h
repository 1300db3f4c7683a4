/* SPDX-License-Identifier: MIT */
/*
 * The shaping of JSON against jansson: both do the same to a record, and the results must be equal. What jansson
 * cannot read (numbers beyond its types, lone surrogates, NUL in names) is not compared, but has to come out as one
 * line of JSON all the same.
 */
#ifndef SLUICE_TESTS_SHAPE_ORACLE_H
#define SLUICE_TESTS_SHAPE_ORACLE_H

#include "base/slice.h"

enum shape_verdict {
	SHAPE_ORACLE_DIFFERENT,
	SHAPE_ORACLE_SAME,
	SHAPE_ORACLE_REJECTED, /* by both */
	SHAPE_ORACLE_UNKNOWN,  /* to jansson */
	SHAPE_ORACLE_NO_JSON,
};

/* Says on stderr what differs. `which` chooses the options. */
enum shape_verdict shape_oracle_compare(unsigned which, struct slice text);

#endif
