/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire format, as described in PROTOCOL.md.  Everything is little-endian;
 * structures that arrive at any alignment are packed.
 */
#ifndef GMC_PROTOCOL_H
#define GMC_PROTOCOL_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the frames are written as they lie in memory: little-endian machines only"
#endif

#define GMC_PROTOCOL	1
#define GMC_VERSION	"agent 1"
#define GMC_MAGIC	0x46434d47u	/* the bytes "GMCF" */

#define GMC_MAX_PAYLOAD	(8u << 20)
#define GMC_MAX_OPS	65536u
#define GMC_MAX_ARGS	6
#define GMC_MAX_COMPAT_ARGS	5
#define GMC_MAX_THREADS	4

enum gmc_frame_type {
	GMC_HELLO = 1,
	GMC_RUN = 2,
	GMC_RESULT = 3,
	GMC_ERROR = 4,
};

struct gmc_header {
	uint32_t magic;
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	uint32_t length;
	uint32_t check;		/* CRC-32 of the 16 bytes before it */
} __attribute__((packed));

enum gmc_error {
	GMC_ERROR_DAMAGED = 1,
	GMC_ERROR_REFUSED = 2,
	GMC_ERROR_FAILED = 3,
};

enum gmc_feature {
	GMC_FEATURE_FORK = 1,
	GMC_FEATURE_SIGNALS = 2,
	GMC_FEATURE_COMPAT = 4,
	GMC_FEATURE_THREADS = 8,
};

enum gmc_code {
	GMC_SYSCALL = 1,
	GMC_PATCH = 2,
	GMC_LOAD = 3,
	GMC_STORE = 4,
	GMC_PEEK = 5,
	GMC_POKE = 6,
	GMC_FORK = 7,
	GMC_PARALLEL = 8,
	GMC_THREAD = 9,
};

enum gmc_op_flag {
	GMC_RESULT_IS_FD = 1,
	GMC_RESULT_IS_MAPPING = 2,
	GMC_EVEN_IF_BROKEN = 4,
	GMC_32_BIT = 8,
};

enum gmc_arg_kind {
	GMC_IMM = 0,
	GMC_RET = 1,
	GMC_BLOB = 2,
	GMC_MEM32 = 3,
	GMC_MEM64 = 4,
};

struct gmc_arg {
	uint8_t kind;
	uint8_t pad[3];
	uint32_t ref;
	uint64_t add;
} __attribute__((packed));

struct gmc_op {
	uint8_t code;
	uint8_t nargs;
	uint16_t flags;
	uint32_t number;	/* system call, width, length or count */
	uint32_t timeout_ms;
	uint32_t offset;	/* into the blob; turns of a thread */
	struct gmc_arg args[GMC_MAX_ARGS];
} __attribute__((packed));

/* Payload of GMC_RUN: this, then op_count ops, then the blob. */
struct gmc_run {
	uint32_t timeout_ms;
	uint32_t blob_length;
	uint32_t op_count;
	uint32_t reserved;
} __attribute__((packed));

enum gmc_status {
	GMC_NOT_RUN = 0,
	GMC_DONE = 1,
	GMC_FAULT = 2,
	GMC_DEPENDENCY = 3,
	GMC_IN_FLIGHT = 4,
};

enum gmc_result_flag {
	GMC_TIMED_OUT = 1,
};

/* Naturally aligned: the child writes it in shared memory. */
struct gmc_result {
	uint8_t status;
	uint8_t flags;
	uint16_t reserved;
	int32_t error;
	int64_t ret;
	int32_t signal;
	int32_t code;
	uint64_t fault_address;
	uint64_t duration_ns;
	uint32_t data_offset;	/* into the data after the results */
	uint32_t data_length;
};

/*
 * When an op of a parallel ran, in its data: two moments of the one count that all
 * its threads advance, both 0 when it did not run.
 */
struct gmc_span {
	uint32_t start;
	uint32_t end;
};

enum gmc_end {
	GMC_COMPLETE = 0,
	GMC_TIMEOUT = 1,
	GMC_STUCK = 2,
	GMC_DIED = 3,
};

/* Payload of GMC_RESULT: this, then op_count results, then the data. */
struct gmc_reply {
	uint32_t end;
	uint32_t signal;
	uint64_t blob_address;
	uint32_t op_count;
	uint32_t data_length;
} __attribute__((packed));

_Static_assert(sizeof(struct gmc_header) == 20, "header");
_Static_assert(sizeof(struct gmc_op) == 112, "op");
_Static_assert(sizeof(struct gmc_run) == 16, "run");
_Static_assert(sizeof(struct gmc_result) == 48, "result");
_Static_assert(sizeof(struct gmc_reply) == 24, "reply");
_Static_assert(sizeof(struct gmc_span) == 8, "span");

#endif
