/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_ACCESS_H
#define GMC_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* The compiler must not move a status past the access or call it describes. */
#define barrier() __asm__ volatile("" ::: "memory")

void access_setup(void);
bool access_faulted(const struct gmc_op *op, const uint64_t *v, const uint8_t *blob,
		    uint8_t *data, struct gmc_result *result);

#endif
