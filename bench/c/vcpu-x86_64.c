// SPDX-License-Identifier: GPL-2.0-only
/* Long mode with an identity map of the first 4 GiB in 2 MiB pages. */
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "must.h"
#include "vcpu.h"

#define PAGE	4096u
#define CODE	(6 * PAGE)
/* Present, writable, accessed, dirty. */
#define TABLE	0x23u
#define LARGE	0xe3u

#define CR0	0x80000033u	/* PG, NE, ET, MP, PE */
#define CR4	0x20u		/* PAE */
#define EFER	0x500u		/* LMA, LME */

size_t vcpu_boot_image(uint8_t *image)
{
	/* mov (%rdi),%rax; mov %rax,(%rsi); hlt */
	static const uint8_t load[] = { 0x48, 0x8b, 0x07, 0x48, 0x89, 0x06, 0xf4 };
	uint64_t *entries = (uint64_t *)image;

	memset(image, 0, CODE);
	entries[0] = (BOOT_GPA + PAGE) | TABLE;
	for (unsigned int gib = 0; gib < 4; gib++) {
		entries[512 + gib] = (BOOT_GPA + (2 + gib) * PAGE) | TABLE;
		for (unsigned int i = 0; i < 512; i++)
			entries[(2 + gib) * 512 + i] = ((gib * 512ull + i) << 21) | LARGE;
	}
	memcpy(image + CODE, load, sizeof(load));
	return CODE + sizeof(load);
}

/* The least CPUID that long mode needs; 7.3 refuses EFER.LME without it. */
static void set_cpuid(int vcpu)
{
	static const struct {
		uint32_t nent;
		uint32_t padding;
		struct kvm_cpuid_entry2 entries[5];
	} cpuid = {
		.nent = 5,
		.entries = {
			{ .function = 0x0, .eax = 1 },
			{ .function = 0x1, .edx = 0x68 },		/* pse, msr, pae */
			{ .function = 0x80000000, .eax = 0x80000008 },
			{ .function = 0x80000001, .edx = 0x20000000 },	/* lm */
			{ .function = 0x80000008, .eax = 0x3024 },	/* 48, 36 bits */
		},
	};

	must(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

void vcpu_set_up(int vm, int vcpu)
{
	static const struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1,
		.s = 1, .l = 1, .g = 1,
	};
	static const struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1,
		.db = 1, .s = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	(void)vm;
	set_cpuid(vcpu);
	must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.ss = data;
	sregs.cr0 = CR0;
	sregs.cr3 = BOOT_GPA;
	sregs.cr4 = CR4;
	sregs.efer = EFER;
	must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

void vcpu_aim(int vcpu, uint64_t gpa)
{
	struct kvm_regs regs = {
		.rdi = gpa,
		.rsi = DOORBELL_GPA,
		.rip = BOOT_GPA + CODE,
		.rflags = 2,
	};

	must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}
