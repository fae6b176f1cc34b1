/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_PROGRAM_H
#define GMC_PROGRAM_H

#include <stdbool.h>
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

/* Bytes that an op may leave in the data of the reply. */
static inline uint64_t op_data_length(const struct gmc_op *op)
{
	switch (op->code) {
	case GMC_PEEK:
		return op->number;
	case GMC_PARALLEL:
		return (uint64_t)op->number * sizeof(struct gmc_span);
	default:
		return 0;
	}
}

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

/* A program in execution. */
struct run {
	const struct program *program;
	struct record *record;
	uint8_t *blob;
};

/* exec.c */
void exec_setup(void);
void exec_op(const struct run *run, uint32_t index);
void exec_ops(const struct program *program, struct record *record, uint8_t *blob,
	      uint32_t first, uint32_t end);
void exec_release(const struct program *program, struct record *record, uint8_t *blob);

/* parallel.c: run the threads of the parallel at index, and wait for them. */
void parallel_run(const struct run *run, uint32_t index, struct gmc_result *result);

/* watchdog.c: a signal to this thread alone after so many milliseconds, again and again; 0: none. */
void watchdog_setup(void);
void watchdog_set(uint32_t ms);
bool watchdog_fired(void);
void watchdog_thread_begins(void);
void watchdog_thread_ends(void);

#endif
