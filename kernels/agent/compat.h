/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_COMPAT_H
#define GMC_COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* Whether 32-bit system calls can be made; found out by making one. */
bool compat_present(void);

/* The result as the kernel gives it: a negative error number on error. */
long compat_syscall(uint32_t number, const uint64_t *v);

#endif
