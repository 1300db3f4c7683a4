/* SPDX-License-Identifier: MIT */
/*
 * CRC-64/NVME, the checksum that S3 keeps of every object by itself (Amazon S3 User Guide,
 * "Checking object integrity": CRC64NVME, always of the full object). Polynomial
 * 0xad93d23594c93659, reflected, initial value and final exclusive or all ones (NVM Express NVM
 * Command Set Specification, 5.2.1.3 "64b CRC"). Pure.
 */
#ifndef SLUICE_CODEC_CRC64_H
#define SLUICE_CODEC_CRC64_H

#include <stdint.h>

#include "base/slice.h"

/* What eight bytes at a time are looked up in: 16 KiB, made once and read by any number. */
struct crc64_tables {
	uint64_t of[8][256];
};

void crc64_tables_init(struct crc64_tables *);

/* Of what `crc` is of, followed by `bytes`; 0 is that of nothing. */
uint64_t crc64_add(const struct crc64_tables *, uint64_t crc, struct slice bytes);

/* Of two runs of bytes, one behind the other, of their own; the second has so many. */
uint64_t crc64_join(uint64_t first, uint64_t second, uint64_t second_bytes);

enum { CRC64_TEXT_BYTES = 13 }; /* base64 of 8 bytes, and a NUL */

/* Base64 of its bytes, the first the most significant, as x-amz-checksum-crc64nvme has it. */
void crc64_text(uint64_t crc, char ret[static CRC64_TEXT_BYTES]);

#endif
