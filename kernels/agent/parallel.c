// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of ops that run at the same time in the process of a program.  They
 * start together, each on a CPU of its own where there are as many, and note
 * for every op the interval in which it ran, by one count that they all advance.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "access.h"
#include "program.h"

/* How long to spin for the others before giving them the CPU: they may need this very one. */
#define SPINS	1000

enum start { START_WAIT, START_GO, START_CANCEL };

struct block {
	const struct run *run;
	uint32_t index;			/* of the parallel */
	uint32_t threads;
	uint8_t *spans;			/* struct gmc_span of the ops that follow it, unaligned */
	cpu_set_t cpus;
	atomic_uint arrived;
	atomic_int start;
	atomic_uint moment;
	bool crowded;			/* threads share CPUs */
};

struct thread {
	pthread_t id;
	struct block *block;
	uint32_t index;			/* of the thread's op */
	uint32_t number;		/* 0, 1, 2, 3 */
};

/* The number-th CPU of those allowed, counted around. */
static void use_cpu(const cpu_set_t *allowed, uint32_t number)
{
	uint32_t left = number % CPU_COUNT(allowed);
	cpu_set_t one;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed) || left--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/* Everybody who is created arrives; the block starts when all were created and have arrived. */
static bool meet(struct block *block)
{
	atomic_fetch_add(&block->arrived, 1);
	for (uint32_t spins = 1;; spins++) {
		int start = atomic_load(&block->start);

		if (start == START_CANCEL)
			return false;
		if (start == START_GO && atomic_load(&block->arrived) == block->threads)
			return true;
		if (spins % SPINS == 0)
			sched_yield();
	}
}

/* An empty loop: its turns take a few instructions, and no call that others could notice. */
static void dawdle(uint32_t turns)
{
	for (uint32_t i = 0; i < turns; i++)
		barrier();
}

/*
 * Threads that share a CPU would run one after the other, for a time slice is longer than all that
 * they do: between its ops each gives the CPU away or not, as the bits of its turns say.
 */
static void give_way(const struct block *block, uint32_t turns, uint32_t op)
{
	if (block->crowded && turns >> (op % 16) & 1)
		sched_yield();
}

/* A moment before or after everything that this thread does on the other side of the call. */
static uint32_t moment(struct block *block)
{
	uint32_t now;

	atomic_thread_fence(memory_order_seq_cst);
	now = atomic_fetch_add(&block->moment, 1) + 1;
	atomic_thread_fence(memory_order_seq_cst);
	return now;
}

static void *thread_main(void *argument)
{
	const struct thread *thread = argument;
	struct block *block = thread->block;
	const struct run *run = block->run;
	const struct gmc_op *op = &run->program->ops[thread->index];
	struct gmc_result *results = run->record->results;

	use_cpu(&block->cpus, thread->number);
	watchdog_thread_begins();
	if (meet(block)) {
		results[thread->index].status = GMC_IN_FLIGHT;
		dawdle(op->offset);
		for (uint32_t i = thread->index + 1; i <= thread->index + op->number; i++) {
			struct gmc_span span;

			give_way(block, op->offset, i);
			span.start = moment(block);
			exec_op(run, i);
			span.end = moment(block);
			if (results[i].status != GMC_DEPENDENCY)
				memcpy(block->spans + (i - block->index - 1) * sizeof(span),
				       &span, sizeof(span));
		}
		results[thread->index].ret = 0;
		results[thread->index].status = GMC_DONE;
	}
	watchdog_thread_ends();
	return NULL;
}

void parallel_run(const struct run *run, uint32_t index, struct gmc_result *result)
{
	const struct gmc_op *ops = run->program->ops;
	uint32_t end = index + 1 + ops[index].number;
	struct thread threads[GMC_MAX_THREADS];
	struct block block = {
		.run = run,
		.index = index,
		.spans = record_data(run->record, run->program) + result->data_offset,
	};
	int error = 0;

	/* The data is part of the answer even when nothing runs: no moment at all. */
	result->data_length = ops[index].number * sizeof(struct gmc_span);
	if (sched_getaffinity(0, sizeof(block.cpus), &block.cpus) < 0) {
		result->ret = -1;
		result->error = errno;
		return;
	}
	for (uint32_t i = index + 1; i < end && !error; i += 1 + ops[i].number) {
		struct thread *thread = &threads[block.threads];

		*thread = (struct thread){ .block = &block, .index = i, .number = block.threads };
		error = pthread_create(&thread->id, NULL, thread_main, thread);
		if (!error)
			block.threads++;
	}
	block.crowded = CPU_COUNT(&block.cpus) < (int)block.threads;
	atomic_store(&block.start, error ? START_CANCEL : START_GO);
	for (uint32_t i = 0; i < block.threads; i++)
		pthread_join(threads[i].id, NULL);
	result->ret = error ? -1 : 0;
	result->error = error;
}
