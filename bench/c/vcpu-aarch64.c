// SPDX-License-Identifier: GPL-2.0-only
/* EL1 with the MMU on and an identity map in 1 GiB blocks. */
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "must.h"
#include "vcpu.h"

#define TABLE_BYTES	4096
/* Access flag, inner shareable, block, MAIR attribute 0; and attribute 1. */
#define BLOCK		0x701ull
#define DEVICE		(1ull << 2)

#define CORE(offset)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | ((offset) / 4))
#define X(n)		CORE(8 * (n))
#define PC		CORE(256)
#define SCTLR_EL1	ARM64_SYS_REG(3, 0, 1, 0, 0)
#define TTBR0_EL1	ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TCR_EL1		ARM64_SYS_REG(3, 0, 2, 0, 2)
#define MAIR_EL1	ARM64_SYS_REG(3, 0, 10, 2, 0)

/* T0SZ 25, write-back inner shareable walks, 4 KiB, no TTBR1 walks, 40-bit addresses. */
#define TCR	(25ull | (1ull << 8) | (1ull << 10) | (3ull << 12) | (1ull << 23) | (2ull << 32))
/* The bits that are one when nothing is, plus M, C and I. */
#define SCTLR	0x30d01805ull
/* Attribute 0 normal write-back, attribute 1 device nGnRnE. */
#define MAIR	0x00ffull

size_t vcpu_boot_image(uint8_t *image)
{
	/* ldr x0, [x1]; str x0, [x2]; b . */
	static const uint32_t load[] = { 0xf9400020, 0xf9000040, 0x14000000 };
	uint64_t *entries = (uint64_t *)image;

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t base = i << 30;

		entries[i] = base | BLOCK | (base == DOORBELL_GPA ? DEVICE : 0);
	}
	memcpy(image + TABLE_BYTES, load, sizeof(load));
	return TABLE_BYTES + sizeof(load);
}

static void set_reg(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	must(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

void vcpu_set_up(int vm, int vcpu)
{
	struct kvm_vcpu_init init;

	must(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	must(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	set_reg(vcpu, MAIR_EL1, MAIR);
	set_reg(vcpu, TCR_EL1, TCR);
	set_reg(vcpu, TTBR0_EL1, BOOT_GPA);
	set_reg(vcpu, SCTLR_EL1, SCTLR);
}

void vcpu_aim(int vcpu, uint64_t gpa)
{
	set_reg(vcpu, X(0), 0);
	set_reg(vcpu, X(1), gpa);
	set_reg(vcpu, X(2), DOORBELL_GPA);
	set_reg(vcpu, PC, BOOT_GPA + TABLE_BYTES);
}
