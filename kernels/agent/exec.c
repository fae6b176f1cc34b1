// SPDX-License-Identifier: GPL-2.0-only
/*
 * The op interpreter.  It runs in the child of a program and knows system calls
 * and memory (access.c), nothing of what they mean.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "compat.h"
#include "program.h"

/* Handlers and the alternate stack; children inherit them. */
void exec_setup(void)
{
	access_setup();
	watchdog_setup();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static uint64_t value_of(const struct run *run, const struct gmc_arg *arg)
{
	uint64_t base = 0;

	switch (arg->kind) {
	case GMC_RET:
		base = run->record->results[arg->ref].ret;
		break;
	case GMC_BLOB:
		base = (uintptr_t)run->blob;
		break;
	case GMC_MEM32:
		memcpy(&base, run->blob + arg->ref, 4);
		break;
	case GMC_MEM64:
		memcpy(&base, run->blob + arg->ref, 8);
		break;
	}
	return base + arg->add;
}

static bool is_broken(const struct run *run, const struct gmc_op *op)
{
	if (op->flags & GMC_EVEN_IF_BROKEN)
		return false;
	for (unsigned int i = 0; i < op->nargs; i++) {
		const struct gmc_result *result;

		if (op->args[i].kind != GMC_RET)
			continue;
		result = &run->record->results[op->args[i].ref];
		if (result->status != GMC_DONE || result->error)
			return true;
	}
	return false;
}

static void run_syscall(const struct gmc_op *op, const uint64_t *v, struct gmc_result *result)
{
	long ret;

	if (op->timeout_ms)
		watchdog_set(op->timeout_ms);
	errno = 0;
	if (op->flags & GMC_32_BIT) {
		ret = compat_syscall(op->number, v);
		if (ret < 0) {
			errno = -ret;
			ret = -1;
		}
	} else {
		ret = syscall(op->number, v[0], v[1], v[2], v[3], v[4], v[5]);
	}
	result->error = ret == -1 ? errno : 0;
	if (op->timeout_ms) {
		if (watchdog_fired())
			result->flags |= GMC_TIMED_OUT;
		watchdog_set(0);
	}
	result->ret = ret;
}

static void run_fork(const struct run *run, uint32_t index, struct gmc_result *result)
{
	uint32_t count = run->program->ops[index].number;
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Timers are not inherited. */
		watchdog_thread_ends();
		exec_ops(run->program, run->record, run->blob, index + 1, index + 1 + count);
		_exit(0);
	}
	if (pid < 0) {
		result->ret = -1;
		result->error = errno;
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	result->ret = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void exec_op(const struct run *run, uint32_t index)
{
	const struct gmc_op *op = &run->program->ops[index];
	struct gmc_result *result = &run->record->results[index];
	uint8_t status = GMC_DONE;
	uint64_t v[GMC_MAX_ARGS] = { 0 };
	uint64_t start;

	if (is_broken(run, op)) {
		result->status = GMC_DEPENDENCY;
		return;
	}
	for (unsigned int i = 0; i < op->nargs; i++)
		v[i] = value_of(run, &op->args[i]);

	result->status = GMC_IN_FLIGHT;
	barrier();
	start = now_ns();
	switch (op->code) {
	case GMC_SYSCALL:
		run_syscall(op, v, result);
		break;
	case GMC_PATCH:
		result->ret = 0;
		memcpy(run->blob + op->offset, &v[0], op->number);
		break;
	case GMC_FORK:
		run_fork(run, index, result);
		break;
	case GMC_PARALLEL:
		parallel_run(run, index, result);
		break;
	case GMC_THREAD:
		/* Run by parallel_run(); only what it contains has results. */
		break;
	default:
		if (access_faulted(op, v, run->blob,
				   record_data(run->record, run->program) + result->data_offset,
				   result))
			status = GMC_FAULT;
	}
	result->duration_ns = now_ns() - start;
	barrier();
	result->status = status;
}

/* Execute ops first to end - 1; those of a fork run in its child, those of a parallel in its threads. */
void exec_ops(const struct program *program, struct record *record, uint8_t *blob,
	      uint32_t first, uint32_t end)
{
	const struct run run = { program, record, blob };

	for (uint32_t i = first; i < end; i++) {
		exec_op(&run, i);
		if (program->ops[i].code == GMC_FORK || program->ops[i].code == GMC_PARALLEL)
			i += program->ops[i].number;
	}
}

/*
 * Give back what the program still holds, mappings first, so that the last
 * reference to a VM goes with its descriptor.  Left to exit(), a VM would be
 * torn down under the MMU notifiers of a dying address space, which takes an
 * emulated CPU a tenth of the whole program's time.
 */
void exec_release(const struct program *program, struct record *record, uint8_t *blob)
{
	const struct run run = { program, record, blob };

	for (uint32_t i = 0; i < program->op_count; i++) {
		const struct gmc_op *op = &program->ops[i];
		const struct gmc_result *result = &record->results[i];

		if (op->code == GMC_FORK) {
			/* Addresses of another process, which is gone. */
			i += op->number;
			continue;
		}
		if (op->code != GMC_SYSCALL || !(op->flags & GMC_RESULT_IS_MAPPING) ||
		    result->status != GMC_DONE || result->error)
			continue;
		/* mmap() has its length in the second argument, mremap() in the third. */
		munmap((void *)(uintptr_t)result->ret,
		       value_of(&run, &op->args[op->number == SYS_mremap ? 2 : 1]));
	}
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
}
