// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of bench/host.ts on the running kernel, COUNT times; prints the
 * nanoseconds they took.  One VM, no vCPU.
 */
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "calls.h"
#include "must.h"

/* A build machine's headers may be older than the capability. */
#define CAP_GUEST_MEMFD	234

void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void one_round(int kvm, int vm, size_t page)
{
	uint8_t *map;
	int gmem;

	must(ioctl(kvm, KVM_CHECK_EXTENSION, CAP_GUEST_MEMFD), "KVM_CHECK_EXTENSION");
	gmem = create_gmem(vm, page, SHAREABLE);
	map = map_shared(gmem, page);
	*(volatile uint64_t *)map = 1;
	unmap(map, page);
	punch_hole(gmem, 0, page);
	close_fd(gmem);
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	uint64_t start;
	int kvm, vm;

	if (count < 1)
		fail("usage", "host-loop COUNT");
	kvm = open_kvm();
	vm = create_vm(kvm);
	start = now_ns();
	while (count--)
		one_round(kvm, vm, sysconf(_SC_PAGESIZE));
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	return 0;
}
