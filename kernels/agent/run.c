// SPDX-License-Identifier: GPL-2.0-only
/* One child in a process group of its own for each program, and its time limit. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

/* How long a killed program may take to disappear before it counts as stuck. */
#define STUCK_NS	(2 * 1000000000ull)
#define RECORD_MINIMUM	(64u << 10)

static struct record *record;
static size_t record_size;

/* Shared memory for the results, kept from program to program. */
static int record_prepare(const struct program *program)
{
	size_t size = sizeof(*record) + program->op_count * sizeof(struct gmc_result) +
		      program->data_length;
	uint32_t offset = 0;

	if (size > record_size) {
		if (record)
			munmap(record, record_size);
		record = NULL;
		record_size = size > RECORD_MINIMUM ? size : RECORD_MINIMUM;
		record = mmap(NULL, record_size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (record == MAP_FAILED) {
			record = NULL;
			record_size = 0;
			return -1;
		}
	}
	memset(record, 0, size);
	for (uint32_t i = 0; i < program->op_count; i++) {
		/* Closing the result of an op that never ran must not close descriptor 0. */
		record->results[i].ret = -1;
		if (!op_data_length(&program->ops[i]))
			continue;
		record->results[i].data_offset = offset;
		offset += op_data_length(&program->ops[i]);
	}
	return 0;
}

static void child(const struct channel *channel, const struct program *program)
{
	size_t length = program->blob_length ? program->blob_length : 1;
	uint8_t *blob;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A program that hits on the right number must not write to the harness. */
	close(channel->in);
	close(channel->out);
	blob = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (blob == MAP_FAILED) {
		record->setup_error = errno;
		_exit(1);
	}
	memcpy(blob, program->blob, program->blob_length);
	record->blob_address = (uintptr_t)blob;
	exec_ops(program, record, blob, 0, program->op_count);
	exec_release(program, record, blob);
	record->finished = 1;
	_exit(0);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

/*
 * Reap until the process (or, for a negative number, the whole group) is gone
 * or the deadline has passed.  SIGCHLD is blocked, so none gets lost between
 * the look and the sleep.
 */
static bool reap(pid_t which, int *status, uint64_t deadline)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(which, status, WNOHANG);
		uint64_t now;

		if (pid == which || (pid < 0 && errno == ECHILD))
			return true;
		if (pid)
			continue;
		now = now_ns();
		if (now >= deadline)
			return false;

		struct timespec left = {
			.tv_sec = (deadline - now) / 1000000000u,
			.tv_nsec = (deadline - now) % 1000000000u,
		};
		sigtimedwait(&wanted, NULL, &left);
	}
}

/* Kill what is left of the program's group; false when it does not go. */
static bool clear_group(pid_t group)
{
	if (kill(-group, SIGKILL) < 0 && errno == ESRCH)
		return true;
	return reap(-group, NULL, now_ns() + STUCK_NS);
}

static void wait_for(pid_t pid, const struct program *program, struct gmc_reply *reply)
{
	int status = 0;

	if (!reap(pid, &status, now_ns() + program->timeout_ms * 1000000ull)) {
		reply->end = GMC_TIMEOUT;
		/* The group exists only once the child has come to run. */
		kill(pid, SIGKILL);
		kill(-pid, SIGKILL);
		if (!reap(pid, &status, now_ns() + STUCK_NS))
			reply->end = GMC_STUCK;
	} else if (WIFSIGNALED(status)) {
		reply->end = GMC_DIED;
		reply->signal = WTERMSIG(status);
	} else if (!record->finished) {
		reply->end = GMC_DIED;
	}
	if (reply->end != GMC_STUCK && !clear_group(pid))
		reply->end = GMC_STUCK;
}

/* Execute a program and leave the GMC_RESULT payload in frame_payload(). */
int program_run(const struct channel *channel, const struct program *program,
		uint32_t *reply_length, char *why, size_t size)
{
	struct gmc_reply reply = {
		.end = GMC_COMPLETE,
		.op_count = program->op_count,
		.data_length = program->data_length,
	};
	size_t results = program->op_count * sizeof(struct gmc_result) + program->data_length;
	int error = 0;
	pid_t pid;

	if (record_prepare(program) < 0) {
		snprintf(why, size, "no memory for the results: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (!pid)
		child(channel, program);
	if (pid < 0) {
		snprintf(why, size, "fork: %s", strerror(errno));
		return -1;
	}
	wait_for(pid, program, &reply);
	reply.blob_address = record->blob_address;
	error = record->setup_error;
	memcpy(frame_payload(), &reply, sizeof(reply));
	memcpy(frame_payload() + sizeof(reply), record->results, results);
	if (reply.end == GMC_STUCK) {
		/* It may still write to its results one day. */
		munmap(record, record_size);
		record = NULL;
		record_size = 0;
	}
	/* Processes that changed their group, and stuck ones that have come free. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (error) {
		snprintf(why, size, "no memory for the blob: %s", strerror(error));
		return -1;
	}
	*reply_length = sizeof(reply) + results;
	return 0;
}
