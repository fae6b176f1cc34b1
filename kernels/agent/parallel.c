// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of ops that run at the same time in the process of a program.  They
 * start together, each on a CPU of its own where there are as many, and note
 * for every op the interval in which it ran, by one count that they all advance.
 * The threads stay for the next parallel of the program: to make them and to
 * bring them to their CPUs takes longer than most of what they do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "program.h"

/* How long to spin for the others before giving them the CPU: they may need this very one. */
#define SPINS	1000

struct block {
	const struct run *run;
	uint32_t index;			/* of the parallel */
	uint32_t threads;
	uint32_t first[GMC_MAX_THREADS];	/* op of each thread */
	uint8_t *spans;			/* struct gmc_span of the ops that follow it, unaligned */
	atomic_uint arrived;
	atomic_uint moment;
	bool crowded;			/* threads share CPUs */
};

struct thread {
	pthread_t id;
	uint32_t number;		/* 0, 1, 2, 3 */
};

/* The threads of this process, asleep between two parallels. */
static struct {
	struct thread threads[GMC_MAX_THREADS];
	uint32_t count;
	cpu_set_t cpus;
	struct block *block;		/* what to run next; NULL: end */
	_Atomic uint32_t turn;		/* advances with every block */
	_Atomic uint32_t busy;		/* threads that are not yet asleep again */
} pool;

static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load(word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, GMC_MAX_THREADS, NULL, NULL, 0);
}

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

/* Nobody begins before all have arrived. */
static void meet(struct block *block)
{
	atomic_fetch_add(&block->arrived, 1);
	for (uint32_t spins = 1; atomic_load(&block->arrived) < block->threads; spins++) {
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

static void run_thread(struct block *block, uint32_t number)
{
	const struct run *run = block->run;
	uint32_t index = block->first[number];
	const struct gmc_op *op = &run->program->ops[index];
	struct gmc_result *result = &run->record->results[index];

	meet(block);
	result->status = GMC_IN_FLIGHT;
	dawdle(op->offset);
	for (uint32_t i = index + 1; i <= index + op->number; i++) {
		struct gmc_span span;

		give_way(block, op->offset, i);
		span.start = moment(block);
		exec_op(run, i);
		span.end = moment(block);
		if (run->record->results[i].status != GMC_DEPENDENCY)
			memcpy(block->spans + (i - block->index - 1) * sizeof(span), &span,
			       sizeof(span));
	}
	result->ret = 0;
	result->status = GMC_DONE;
}

static void *thread_main(void *argument)
{
	const struct thread *thread = argument;
	bool more = true;

	use_cpu(&pool.cpus, thread->number);
	watchdog_thread_begins();
	for (uint32_t turn = 0; more; turn++) {
		struct block *block;

		sleep_while(&pool.turn, turn);
		block = pool.block;
		more = block;
		if (block && thread->number < block->threads)
			run_thread(block, thread->number);
		if (!more)
			watchdog_thread_ends();
		/* Those that have nothing to do count, too: each sees every turn. */
		if (atomic_fetch_sub(&pool.busy, 1) == 1)
			wake_all(&pool.busy);
	}
	return NULL;
}

/* Let all threads run a block, or end, and wait until they have. */
static void pool_turn(struct block *block)
{
	uint32_t left = pool.count;

	pool.block = block;
	atomic_store(&pool.busy, left);
	atomic_fetch_add(&pool.turn, 1);
	wake_all(&pool.turn);
	while ((left = atomic_load(&pool.busy)))
		sleep_while(&pool.busy, left);
}

static void pool_dismiss(void)
{
	if (!pool.count)
		return;
	pool_turn(NULL);
	for (uint32_t i = 0; i < pool.count; i++)
		pthread_join(pool.threads[i].id, NULL);
	pool.count = 0;
	watchdog_thread_ends();
}

/* Have that many threads.  Returns 0 or an errno, and then there are none. */
static int pool_prepare(uint32_t threads)
{
	if (pool.count >= threads)
		return 0;
	/* A new thread counts turns from 0, as all do. */
	pool_dismiss();
	if (sched_getaffinity(0, sizeof(pool.cpus), &pool.cpus) < 0)
		return errno;
	atomic_store(&pool.turn, 0);
	/* A signal to the process could now go to a thread that sleeps. */
	watchdog_thread_begins();
	while (pool.count < threads) {
		struct thread *thread = &pool.threads[pool.count];
		int error;

		thread->number = pool.count;
		error = pthread_create(&thread->id, NULL, thread_main, thread);
		if (error) {
			pool_dismiss();
			watchdog_thread_ends();
			return error;
		}
		pool.count++;
	}
	return 0;
}

/* Whether a call changes its thread in a way that threads made before it would not show. */
static bool changes_thread(const struct gmc_op *op)
{
	if (op->code != GMC_SYSCALL)
		return false;
	switch (op->number) {
	case SYS_setuid: case SYS_setgid: case SYS_setreuid: case SYS_setregid:
	case SYS_setresuid: case SYS_setresgid: case SYS_setgroups:
	case SYS_setfsuid: case SYS_setfsgid: case SYS_capset: case SYS_prctl:
	case SYS_unshare: case SYS_setns: case SYS_sched_setaffinity: case SYS_seccomp:
	case SYS_set_mempolicy: case SYS_rt_sigprocmask:
		return true;
	}
	return false;
}

/* Whether that happens in the parallel that ends there, or before the next. */
static bool threads_change(const struct program *program, uint32_t index, uint32_t end)
{
	for (uint32_t i = index + 1; i < program->op_count; i++) {
		if (i >= end && program->ops[i].code == GMC_PARALLEL)
			return false;
		if (changes_thread(&program->ops[i]))
			return true;
	}
	return false;
}

void parallel_run(const struct run *run, uint32_t index, struct gmc_result *result)
{
	const struct gmc_op *ops = run->program->ops;
	uint32_t end = index + 1 + ops[index].number;
	struct block block = {
		.run = run,
		.index = index,
		.spans = record_data(run->record, run->program) + result->data_offset,
	};

	/* The data is part of the answer even when nothing runs: no moment at all. */
	result->data_length = ops[index].number * sizeof(struct gmc_span);
	for (uint32_t i = index + 1; i < end; i += 1 + ops[i].number)
		block.first[block.threads++] = i;
	result->error = pool_prepare(block.threads);
	result->ret = result->error ? -1 : 0;
	if (result->error)
		return;
	block.crowded = CPU_COUNT(&pool.cpus) < (int)block.threads;
	pool_turn(&block);
	if (threads_change(run->program, index, end))
		pool_dismiss();
}
