// SPDX-License-Identifier: GPL-2.0-only
/* A loop is only worth timing while every call in it does what it should. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "must.h"

long must(long result, const char *what)
{
	if (result < 0)
		fail(what, strerror(errno));
	return result;
}

void *must_map(void *address, const char *what)
{
	if (address == MAP_FAILED)
		fail(what, strerror(errno));
	return address;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}
