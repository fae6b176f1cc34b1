// SPDX-License-Identifier: GPL-2.0-only
/* Everything that can be wrong with a program, found before it is executed. */
#include <stdbool.h>
#include <stdio.h>

#include "compat.h"
#include "program.h"

struct verdict {
	char *why;
	size_t size;
};

#define refuse(v, ...) (snprintf((v)->why, (v)->size, __VA_ARGS__), -1)

/* Where the op being checked is: inside of which block, and in which of its threads. */
struct place {
	uint32_t block;		/* index of the parallel, meaningful before block_end */
	uint32_t block_end;	/* ops from here on are outside of any block */
	bool parallel;		/* the block is one, else it is a fork */
	uint32_t thread;	/* index of the thread, meaningful before thread_end */
	uint32_t thread_end;
	uint32_t threads;
};

/* What ran at the same time in another thread is no result that an op could build on. */
static bool in_other_thread(const struct place *place, uint32_t index, uint32_t ref)
{
	return place->parallel && index < place->thread_end && ref >= place->block &&
	       ref < place->thread;
}

static int check_args(const struct program *program, const struct place *place, uint32_t index,
		      struct verdict *v)
{
	const struct gmc_op *op = &program->ops[index];

	for (unsigned int i = 0; i < op->nargs; i++) {
		const struct gmc_arg *arg = &op->args[i];
		uint32_t width = arg->kind == GMC_MEM64 ? 8 : 4;

		switch (arg->kind) {
		case GMC_IMM:
		case GMC_BLOB:
			break;
		case GMC_RET:
			if (arg->ref >= index)
				return refuse(v, "op %u: argument %u refers to op %u, expected an earlier one",
					      index, i, arg->ref);
			if (in_other_thread(place, index, arg->ref))
				return refuse(v, "op %u: argument %u refers to op %u of another thread",
					      index, i, arg->ref);
			break;
		case GMC_MEM32:
		case GMC_MEM64:
			if ((uint64_t)arg->ref + width > program->blob_length)
				return refuse(v, "op %u: argument %u lies outside the blob of %u bytes",
					      index, i, program->blob_length);
			break;
		default:
			return refuse(v, "op %u: argument %u has unknown kind %u", index, i,
				      arg->kind);
		}
	}
	return 0;
}

static int check_blob_range(const struct program *program, uint32_t index, struct verdict *v)
{
	const struct gmc_op *op = &program->ops[index];

	if ((uint64_t)op->offset + op->number > program->blob_length)
		return refuse(v, "op %u: bytes %u+%u lie outside the blob of %u bytes", index,
			      op->offset, op->number, program->blob_length);
	return 0;
}

static int check_shape(const struct program *program, uint32_t index, struct verdict *v)
{
	static const uint8_t nargs[] = {
		[GMC_PATCH] = 1, [GMC_LOAD] = 1, [GMC_STORE] = 2,
		[GMC_PEEK] = 1, [GMC_POKE] = 1, [GMC_FORK] = 0,
		[GMC_PARALLEL] = 0, [GMC_THREAD] = 0,
	};
	const struct gmc_op *op = &program->ops[index];

	if (op->code < GMC_SYSCALL || op->code > GMC_THREAD)
		return refuse(v, "op %u: unknown code %u", index, op->code);
	if (op->code == GMC_SYSCALL ? op->nargs > GMC_MAX_ARGS : op->nargs != nargs[op->code])
		return refuse(v, "op %u: code %u cannot have %u arguments", index, op->code,
			      op->nargs);
	if (op->code == GMC_SYSCALL && op->flags & GMC_32_BIT) {
		if (op->nargs > GMC_MAX_COMPAT_ARGS)
			return refuse(v, "op %u: a 32-bit system call cannot have %u arguments",
				      index, op->nargs);
		if (!compat_present())
			return refuse(v, "op %u: 32-bit system calls do not work here", index);
	}
	if (op->code == GMC_PATCH || op->code == GMC_LOAD || op->code == GMC_STORE) {
		if (op->number != 1 && op->number != 2 && op->number != 4 && op->number != 8)
			return refuse(v, "op %u: width %u, expected 1, 2, 4 or 8", index,
				      op->number);
	}
	if (op->code == GMC_PATCH || op->code == GMC_POKE)
		return check_blob_range(program, index, v);
	return 0;
}

static int check_room(const struct program *program, uint32_t index, uint32_t end,
		      struct verdict *v)
{
	const struct gmc_op *op = &program->ops[index];

	if (op->number > end - index - 1)
		return refuse(v, "op %u: a block of %u ops, only %u follow", index, op->number,
			      end - index - 1);
	return 0;
}

/* Forks and parallels contain neither; a parallel contains threads and nothing beside them. */
static int check_block(const struct program *program, struct place *place, uint32_t index,
		       struct verdict *v)
{
	const struct gmc_op *op = &program->ops[index];
	bool inside = index < place->block_end;

	if (op->code == GMC_THREAD) {
		if (!inside || !place->parallel || index < place->thread_end)
			return refuse(v, "op %u: a thread outside of a parallel, or in a thread",
				      index);
		if (++place->threads > GMC_MAX_THREADS)
			return refuse(v, "op %u: more than %u threads", index, GMC_MAX_THREADS);
		if (check_room(program, index, place->block_end, v))
			return -1;
		place->thread = index;
		place->thread_end = index + 1 + op->number;
		return 0;
	}
	if (inside && place->parallel && index >= place->thread_end)
		return refuse(v, "op %u: beside the threads of a parallel", index);
	if (op->code != GMC_FORK && op->code != GMC_PARALLEL)
		return 0;
	if (inside)
		return refuse(v, "op %u: a block of ops in another", index);
	if (check_room(program, index, program->op_count, v))
		return -1;
	*place = (struct place){
		.block = index,
		.block_end = index + 1 + op->number,
		.parallel = op->code == GMC_PARALLEL,
	};
	return 0;
}

static int check_ops(struct program *program, struct verdict *v)
{
	struct place place = { 0 };
	uint64_t data = 0;

	for (uint32_t i = 0; i < program->op_count; i++) {
		if (check_shape(program, i, v) || check_block(program, &place, i, v) ||
		    check_args(program, &place, i, v))
			return -1;
		data += op_data_length(&program->ops[i]);
	}
	data += sizeof(struct gmc_reply) + (uint64_t)program->op_count * sizeof(struct gmc_result);
	if (data > GMC_MAX_PAYLOAD)
		return refuse(v, "the reply would have %llu bytes, at most %u fit a frame",
			      (unsigned long long)data, GMC_MAX_PAYLOAD);
	program->data_length = data - sizeof(struct gmc_reply) -
			       program->op_count * sizeof(struct gmc_result);
	return 0;
}

/* Find the parts of a GMC_RUN payload and check every op. */
int program_parse(const struct frame *frame, struct program *program, char *why, size_t size)
{
	const struct gmc_run *run = (const struct gmc_run *)frame->payload;
	struct verdict v = { why, size };
	uint64_t expected;

	if (frame->length < sizeof(*run))
		return refuse(&v, "a program of %u bytes, expected at least %zu", frame->length,
			      sizeof(*run));
	if (run->op_count > GMC_MAX_OPS)
		return refuse(&v, "%u ops, expected at most %u", run->op_count, GMC_MAX_OPS);
	expected = sizeof(*run) + (uint64_t)run->op_count * sizeof(struct gmc_op) +
		   run->blob_length;
	if (frame->length != expected)
		return refuse(&v, "a program of %u bytes, its header announces %llu", frame->length,
			      (unsigned long long)expected);
	if (!run->timeout_ms)
		return refuse(&v, "a program needs a timeout of at least 1 ms");
	program->timeout_ms = run->timeout_ms;
	program->blob_length = run->blob_length;
	program->op_count = run->op_count;
	program->ops = (const struct gmc_op *)(run + 1);
	program->blob = (const uint8_t *)(program->ops + run->op_count);
	return check_ops(program, &v);
}
