/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_MUST_H
#define BENCH_MUST_H

#include <stdint.h>

/* How a program ends when a call fails; each main has its own. */
__attribute__((noreturn)) void fail(const char *what, const char *why);

/* The result of a call that must not fail. */
long must(long result, const char *what);
/* The same for calls that return a pointer or MAP_FAILED. */
void *must_map(void *address, const char *what);

uint64_t now_ns(void);

#endif
