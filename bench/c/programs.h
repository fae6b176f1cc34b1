/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

/* The programs of bench/programs.yaml, as somebody would write them in C. */
void programs_prepare(void);
void program_memory(void);
void program_vcpu(void);

#endif
