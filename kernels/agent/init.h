/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_INIT_H
#define GMC_INIT_H

/* Mount what programs need and open the virtio port; does not return on failure. */
int init_open_port(void);

/* One line to the console, then power off. */
__attribute__((noreturn, format(printf, 1, 2))) void init_give_up(const char *format, ...);

#endif
