/* SPDX-License-Identifier: MIT */
/* Base64 with the standard alphabet and padding (RFC 4648, section 4). */
#ifndef SLUICE_CODEC_BASE64_H
#define SLUICE_CODEC_BASE64_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

int base64_append(struct buf *out, struct slice bytes, struct err *);

/*
 * Appends what `text` stands for. Strict: padding is required, white space and other bytes are not
 * taken (RFC 4648, 3.2 and 3.3), nor are bits that would be lost (3.5), so that one text stands for
 * one run of bytes. ERR_DATA, with `out` as before, otherwise. `text` may not lie in `out`.
 */
int base64_decode(struct slice text, struct buf *out, struct err *);

#endif
