// SPDX-License-Identifier: GPL-2.0-only
/* The system calls that the loops are made of. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "must.h"

/* Linux 7.3, include/uapi/linux/kvm.h; the headers of a build machine may be older. */
struct gmem_create {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

struct memory_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define CREATE_GMEM		_IOWR(KVMIO, 0xd4, struct gmem_create)
#define SET_MEMORY_REGION2	_IOW(KVMIO, 0x49, struct memory_region2)
#define MEM_GUEST_MEMFD		(1u << 2)

int open_kvm(void)
{
	return must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "open /dev/kvm");
}

int create_vm(int kvm)
{
	return must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
}

int create_gmem(int vm, uint64_t size, uint64_t flags)
{
	struct gmem_create arg = { .size = size, .flags = flags };

	return must(ioctl(vm, CREATE_GMEM, &arg), "KVM_CREATE_GUEST_MEMFD");
}

uint8_t *map_shared(int fd, size_t length)
{
	return must_map(mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
			"mmap of a file");
}

uint8_t *map_anonymous(size_t length)
{
	return must_map(mmap(NULL, length, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap");
}

void unmap(void *address, size_t length)
{
	must(munmap(address, length), "munmap");
}

void punch_hole(int fd, uint64_t offset, uint64_t length)
{
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length),
	     "fallocate");
}

void bind_gmem(int vm, uint32_t slot, uint64_t gpa, uint64_t size, int gmem, void *map)
{
	struct memory_region2 region = {
		.slot = slot,
		.flags = MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)map,
		.guest_memfd = gmem,
	};

	must(ioctl(vm, SET_MEMORY_REGION2, &region), "KVM_SET_USER_MEMORY_REGION2");
}

void bind_memory(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *map)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)map,
	};

	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

void close_fd(int fd)
{
	must(close(fd), "close");
}
