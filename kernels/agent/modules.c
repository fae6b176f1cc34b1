// SPDX-License-Identifier: GPL-2.0-only
/* Modules that a distribution's kernel needs before it has the agent's port, or KVM. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define ORDER	"/modules/order"

static int load(const char *name)
{
	char path[256];
	int fd, error;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return error;
}

/*
 * Load what the initramfs names, in that order. A module may refuse (kvm_intel on an AMD CPU): the console says
 * so, and what is missing then shows in what the agent or the kernel lacks.
 */
void init_load_modules(void)
{
	FILE *order = fopen(ORDER, "re");
	char name[128];
	int error;

	if (!order)
		return;
	while (fgets(name, sizeof(name), order)) {
		name[strcspn(name, "\n")] = '\0';
		error = load(name);
		if (error && error != EEXIST)
			init_say("module %s: %s", name, strerror(error));
	}
	fclose(order);
}
