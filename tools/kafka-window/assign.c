/* SPDX-License-Identifier: MIT */
#include "kafka-window/assign.h"

int
assigner_append(struct buf *out, const struct assigner *a, struct err *err)
{
	switch (a->kind) {
	case ASSIGN_TUMBLE:
		return buf_appendf(out, err, "tumble:%lld", (long long)a->size_ms);
	}
	return err_set(err, ERR_FAULT, "unknown kind of window %d", (int)a->kind);
}
