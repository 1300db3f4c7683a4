/* SPDX-License-Identifier: MIT */
/* Street corners of New York City, to be where taxi rides begin and end. */
#ifndef SLUICE_GEN_TO_KAFKA_PLACES_H
#define SLUICE_GEN_TO_KAFKA_PLACES_H

#include "base/slice.h"

enum { PLACE_COUNT = 54 };

/* In decimal degrees with 8 digits, as the rides have them. */
struct place {
	struct slice longitude;
	struct slice latitude;
};

extern const struct place places[PLACE_COUNT];

#endif
