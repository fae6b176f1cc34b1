// SPDX-License-Identifier: GPL-2.0-only
/*
 * Init of a guest that times loops on demand.  A line on the port names a loop
 * and a count; the answer is a line with the nanoseconds it took by the guest's
 * clock.  `echo UP DOWN` is followed by UP bytes and answered by DOWN bytes
 * before the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"
#include "must.h"
#include "programs.h"

#define MAX_ECHO	(1u << 20)

static int port;
static char bytes[MAX_ECHO];

void fail(const char *what, const char *why)
{
	/* Where the harness looks for reasons when a guest goes away. */
	init_give_up("%s: %s", what, why);
	_exit(1);
}

static void forked(void (*program)(void))
{
	int status;
	pid_t pid = must(fork(), "fork");

	if (!pid) {
		program();
		_exit(0);
	}
	must(waitpid(pid, &status, 0), "waitpid");
	if (status)
		fail("a forked program", "did not end well");
}

static void forked_memory(void)
{
	forked(program_memory);
}

static void forked_vcpu(void)
{
	forked(program_vcpu);
}

static const struct {
	const char *name;
	void (*program)(void);
} loops[] = {
	{ "memory", program_memory },
	{ "vcpu", program_vcpu },
	{ "forked-memory", forked_memory },
	{ "forked-vcpu", forked_vcpu },
};

/* The next bytes of the port, at least one, at most size. */
static size_t get_some(char *to, size_t size)
{
	static char input[4096];
	static size_t start, end;
	size_t n;

	if (start == end) {
		start = 0;
		end = must(read(port, input, sizeof(input)), "read from the port");
		if (!end)
			fail("read from the port", "nobody is there");
	}
	n = end - start < size ? end - start : size;
	memcpy(to, input + start, n);
	start += n;
	return n;
}

static void get(char *to, size_t length)
{
	while (length) {
		size_t n = get_some(to, length);

		to += n;
		length -= n;
	}
}

static void put(const char *from, size_t length)
{
	while (length) {
		ssize_t n = must(write(port, from, length), "write to the port");

		from += n;
		length -= n;
	}
}

static void get_line(char *line, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		get(line + i, 1);
		if (line[i] == '\n') {
			line[i] = 0;
			return;
		}
	}
	fail("a line on the port", "too long");
}

static void echo(unsigned long up, unsigned long down)
{
	if (up > MAX_ECHO || down > MAX_ECHO)
		fail("echo", "too many bytes");
	get(bytes, up);
	put(bytes, down);
}

static void run(const char *name, unsigned long first, unsigned long second)
{
	if (!strcmp(name, "echo")) {
		echo(first, second);
		return;
	}
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (strcmp(name, loops[i].name))
			continue;
		while (first--)
			loops[i].program();
		return;
	}
	fail(name, "no such loop");
}

int main(void)
{
	unsigned long first, second;
	char line[128], name[32];
	uint64_t start;

	port = init_open_port();
	programs_prepare();
	for (;;) {
		get_line(line, sizeof(line));
		if (sscanf(line, "%31s %lu %lu", name, &first, &second) != 3)
			fail(line, "no request");
		start = now_ns();
		run(name, first, second);
		put(line, snprintf(line, sizeof(line), "%llu\n",
				   (unsigned long long)(now_ns() - start)));
	}
}
