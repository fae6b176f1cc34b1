/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_INIT_H
#define GMC_INIT_H

/* Mount what programs need and open the virtio port; does not return on failure. */
int init_open_port(void);

/* One line to the console, then power off. */
__attribute__((noreturn, format(printf, 1, 2))) void init_give_up(const char *format, ...);

/* One line to the console. */
__attribute__((format(printf, 1, 2))) void init_say(const char *format, ...);

/* What /modules/order of the initramfs names. */
void init_load_modules(void);

#endif
