/* SPDX-License-Identifier: MIT */
/* Whatever is read as a state of --resume-id is refused, or prints as something that reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "s3-to-kafka/resume_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resume_state first, second;
	struct err err = ERR_INIT;
	struct buf one, two;

	if (resume_state_parse(slice_make((const char *)data, size), &first, &err))
		return 0;
	buf_init(&one, 16 * RESUME_STATE_BYTES_MAX);
	buf_init(&two, 16 * RESUME_STATE_BYTES_MAX);
	if (resume_state_print(&first, &one, &err) ||
	    resume_state_parse(buf_slice(&one), &second, &err) ||
	    resume_state_print(&second, &two, &err) || !slice_equal(buf_slice(&one), buf_slice(&two)))
		abort();
	resume_state_release(&first);
	resume_state_release(&second);
	buf_release(&one);
	buf_release(&two);
	return 0;
}
