/* SPDX-License-Identifier: MIT */
/* Copies of records in slabs, with headers and the service's note, each at one address until dropped. */
#ifndef SLUICE_FLOW_COPIES_H
#define SLUICE_FLOW_COPIES_H

#include "flow/service.h"
#include "flow/slabs.h"

/* *open is as slabs_take has it. NULL where memory runs out. */
struct service_item *copies_put(struct slabs *, struct slab **open, const struct record *,
    const struct service_staged *, struct err *);
void copies_drop(struct slabs *, const struct slab *open, struct service_item *);

#endif
