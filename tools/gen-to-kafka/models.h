/* SPDX-License-Identifier: MIT */
/* The models that come with the tool: templates like any other. */
#ifndef SLUICE_GEN_TO_KAFKA_MODELS_H
#define SLUICE_GEN_TO_KAFKA_MODELS_H

#include <stddef.h>

struct model {
	const char *name;
	const char *summary;
	const char *template;
	const char *key; /* the default of --key; NULL: none */
};

extern const struct model models[];
extern const size_t model_count;

/* NULL where there is none of that name. */
const struct model *model_find(const char *name);

#endif
