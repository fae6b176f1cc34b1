// SPDX-License-Identifier: GPL-2.0-only
/* The same system calls as the programs of bench/programs.yaml, in the same order. */
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "must.h"
#include "programs.h"
#include "vcpu.h"

#define NONCE		0x0123456789abcdefull
#define GPA		0x10000
#define BOOT_SLOT	31
#define RUN_BYTES	12288

static uint8_t boot_image[BOOT_IMAGE_MAX] __attribute__((aligned(16)));
static size_t boot_length;
static size_t page;

struct memory {
	int kvm, vm, gmem;
	size_t length;
	uint8_t *map;
};

void programs_prepare(void)
{
	page = sysconf(_SC_PAGESIZE);
	boot_length = vcpu_boot_image(boot_image);
}

static void memory_set_up(struct memory *m)
{
	m->length = 4 * page;
	m->kvm = open_kvm();
	m->vm = create_vm(m->kvm);
	m->gmem = create_gmem(m->vm, m->length, SHAREABLE);
	m->map = map_shared(m->gmem, m->length);
	*(volatile uint64_t *)m->map = NONCE;
	if (*(volatile uint64_t *)m->map != NONCE)
		fail("load", "not the value that was stored");
}

static void memory_tear_down(struct memory *m)
{
	unmap(m->map, m->length);
	close_fd(m->gmem);
	close_fd(m->vm);
	close_fd(m->kvm);
}

void program_memory(void)
{
	struct memory m;

	memory_set_up(&m);
	memory_tear_down(&m);
}

static void expect_doorbell(const struct kvm_run *run)
{
	uint64_t value;

	if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr != DOORBELL_GPA)
		fail("KVM_RUN", "no store to the doorbell");
	memcpy(&value, run->mmio.data, sizeof(value));
	if (value != NONCE)
		fail("the guest's load", "not the value that was stored");
}

void program_vcpu(void)
{
	size_t boot_bytes = (boot_length + page - 1) / page * page;
	struct kvm_run *run;
	struct memory m;
	uint8_t *boot;
	int vcpu;

	memory_set_up(&m);
	bind_gmem(m.vm, 0, GPA, m.length, m.gmem, m.map);

	boot = map_anonymous(boot_bytes);
	memcpy(boot, boot_image, boot_length);
	bind_memory(m.vm, BOOT_SLOT, BOOT_GPA, boot_bytes, boot);
	vcpu = must(ioctl(m.vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = (struct kvm_run *)map_shared(vcpu, RUN_BYTES);
	vcpu_set_up(m.vm, vcpu);

	vcpu_aim(vcpu, GPA);
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	expect_doorbell(run);

	unmap(run, RUN_BYTES);
	close_fd(vcpu);
	unmap(boot, boot_bytes);
	memory_tear_down(&m);
}
