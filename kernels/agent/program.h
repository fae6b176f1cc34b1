/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_PROGRAM_H
#define GMC_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "protocol.h"

/* A checked program; ops and blob lie in the frame it came in. */
struct program {
	uint32_t timeout_ms;
	uint32_t blob_length;
	uint32_t op_count;
	uint32_t data_length;	/* bytes that all its peeks may produce */
	const struct gmc_op *ops;
	const uint8_t *blob;
};

/*
 * What the children of one program write and the agent reads, in shared
 * memory: it outlives a child that dies.  The data follows the results.
 */
struct record {
	uint64_t blob_address;
	uint32_t finished;
	int32_t setup_error;
	struct gmc_result results[];
};

static inline uint8_t *record_data(struct record *record, const struct program *program)
{
	return (uint8_t *)(record->results + program->op_count);
}

/* check.c: 0, or -1 with the reason in why. */
int program_parse(const struct frame *frame, struct program *program, char *why, size_t size);

/* run.c: 0 and a reply in the payload buffer, or -1 with the reason in why. */
int program_run(const struct channel *channel, const struct program *program,
		uint32_t *reply_length, char *why, size_t size);

/* exec.c */
void exec_setup(void);
void exec_ops(const struct program *program, struct record *record, uint8_t *blob,
	      uint32_t first, uint32_t end);
void exec_release(const struct program *program, struct record *record, uint8_t *blob);

#endif
