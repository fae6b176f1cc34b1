/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_VCPU_H
#define BENCH_VCPU_H

#include <stddef.h>
#include <stdint.h>

/* The same addresses as harness/program/guest-layout.ts. */
#define BOOT_GPA	0x80000000ull
#define DOORBELL_GPA	0xc0000000ull

/* Page tables and a routine that loads and writes what it found to the doorbell. */
#define BOOT_IMAGE_MAX	(7 * 4096)
size_t vcpu_boot_image(uint8_t *image);

/* Paging on, as harness/lower/guest-ARCH.ts does it, call for call. */
void vcpu_set_up(int vm, int vcpu);
void vcpu_aim(int vcpu, uint64_t gpa);

#endif
