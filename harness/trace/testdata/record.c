// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small user of guest_memfd, to be recorded by strace: every kind of call that the reader of strace logs
 * knows, some with wrong arguments, one after the other, so that two recordings differ in addresses and
 * process ids only.
 *
 * Usage: record, under `strace -f` (the command line is in docs/judging-traces.md).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The interface, by its numbers: headers of a distribution may be older than it. */
#define KVM_CREATE_VM 0xae01
#define KVM_CHECK_EXTENSION 0xae03
#define KVM_CREATE_VCPU 0xae41
#define KVM_SET_USER_MEMORY_REGION 0x4020ae46
#define KVM_SET_USER_MEMORY_REGION2 0x40a0ae49
#define KVM_SET_MEMORY_ATTRIBUTES 0x4020aed2
#define KVM_SET_MEMORY_ATTRIBUTES2 0xc080aed2
#define KVM_CREATE_GUEST_MEMFD 0xc040aed4
#define KVM_CAP_GUEST_MEMFD 234
#define KVM_CAP_GUEST_MEMFD_FLAGS 244
#define KVM_MEM_GUEST_MEMFD 4

struct create {
	uint64_t size, flags, reserved[6];
};

struct region {
	uint32_t slot, flags;
	uint64_t gpa, size, hva;
};

struct region2 {
	uint32_t slot, flags;
	uint64_t gpa, size, hva, offset;
	uint32_t fd, pad1;
	uint64_t pad2[14];
};

struct attributes {
	uint64_t address, size, attributes, flags;
};

struct attributes2 {
	uint64_t offset, size, attributes, flags, error_offset, reserved[11];
};

static sigjmp_buf back;

static void on_fault(int signo)
{
	(void)signo;
	siglongjmp(back, 1);
}

/* A store that may fault; by siglongjmp, which strace shows as rt_sigprocmask only. */
static void store(volatile uint8_t *at)
{
	if (sigsetjmp(back, 1) == 0)
		*at = 1;
}

static int create(int vm, uint64_t size, uint64_t flags)
{
	struct create arg = { .size = size, .flags = flags };

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &arg);
}

static int set_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, int fd, uint64_t offset, void *hva)
{
	struct region2 arg = {
		.slot = slot, .flags = KVM_MEM_GUEST_MEMFD, .gpa = gpa, .size = size,
		.hva = (uintptr_t)hva, .offset = offset, .fd = fd,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &arg);
}

static void convert(int fd, uint64_t offset, uint64_t size, uint64_t attributes)
{
	struct attributes2 arg = { .offset = offset, .size = size, .attributes = attributes };

	ioctl(fd, KVM_SET_MEMORY_ATTRIBUTES2, &arg);
}

/* What another process does with what it inherited. */
static void child(int gmem, uint8_t *map)
{
	void *own = mmap(NULL, 4096, PROT_READ, MAP_SHARED, gmem, 0);

	convert(gmem, 0, 4096, 8);
	munmap(own, 4096);
	madvise(map, 4096, MADV_DONTNEED);
	close(gmem);
	fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, 4096);
	_exit(0);
}

/* Send the descriptor to ourselves. */
static void pass(int gmem)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], received;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &gmem, sizeof(int));
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	sendmsg(pair[0], &msg, 0);
	recvmsg(pair[1], &msg, 0);
	memcpy(&received, CMSG_DATA(cmsg), sizeof(int));
	fallocate(received, FALLOC_FL_KEEP_SIZE, 0, 4096);
	close(received);
	close(pair[0]);
	close(pair[1]);
}

static void files(int kvm, int vm)
{
	struct sigaction on = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	int gmem, other, copy;
	struct stat st;
	uint8_t *map, *moved, byte;
	pid_t pid;

	ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD_FLAGS);
	ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD);
	gmem = create(vm, 0x10000, 3);
	create(vm, 4095, 0);
	create(vm, 0x1000, 1ull << 40);
	create(kvm, 0x1000, 0);
	ioctl(vm, KVM_CREATE_GUEST_MEMFD, NULL);
	other = create(vm, 0x4000, 0);

	fstat(gmem, &st);
	lseek(gmem, 0, SEEK_END);
	read(gmem, &byte, 1);
	pwrite(gmem, "x", 1, 4096);
	ftruncate(gmem, 4096);
	fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, 0x2000);
	fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0x1000, 0x1000);
	fallocate(gmem, 0, 0, 0x1000);
	fallocate(gmem, FALLOC_FL_KEEP_SIZE, 100, 0x1000);

	map = mmap(NULL, 0x11000, PROT_READ | PROT_WRITE, MAP_SHARED, gmem, 0);
	mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, gmem, 0);
	mmap(NULL, 0x1000, PROT_READ, MAP_SHARED, other, 0);
	mprotect(map, 0x1000, PROT_READ);
	mprotect(map + 0x3000, 0x1000, PROT_READ | PROT_EXEC);
	madvise(map + 0x1000, 0x1000, MADV_DONTNEED);
	sigaction(SIGBUS, &on, NULL);
	sigaction(SIGSEGV, &on, NULL);
	store(map + 0x10008);
	store(map);

	set_slot(vm, 0, 0x100000, 0x4000, gmem, 0, map);
	set_slot(vm, 1, 0x200000, 0x4000, other, 0, NULL);
	set_slot(vm, 2, 0x300000, 0x4000, gmem, 0, map);
	set_slot(vm, 3, 0x400000, 0x4000, 0, 0, map);
	set_slot(vm, 0, 0, 0, 0, 0, NULL);
	ioctl(vm, KVM_SET_USER_MEMORY_REGION,
	      &(struct region){ .slot = 4, .gpa = 0x500000, .size = 0x1000, .hva = (uintptr_t)map });

	convert(gmem, 0, 0x1000, 8);
	convert(gmem, 0x1000, 0x1000, 0);
	convert(vm, 0, 0x1000, 8);
	ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, NULL);
	ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &(struct attributes){ .size = 0x1000, .attributes = 8 });

	copy = fcntl(gmem, F_DUPFD_CLOEXEC, 100);
	dup2(copy, 101);
	close(copy);
	moved = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED, 101, 0x4000);
	moved = mremap(moved, 0x2000, 0x400000, MREMAP_MAYMOVE);
	munmap(moved + 0x1000, 0x3ff000);
	munmap(moved, 0x1000);

	pid = fork();
	if (pid == 0)
		child(gmem, map);
	waitpid(pid, NULL, 0);
	pass(gmem);
	close(gmem);
	fallocate(101, FALLOC_FL_KEEP_SIZE, 0, 0x1000);
	close(101);
	fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, 0x1000);
	munmap(map, 0x11000);
	close(other);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm, vcpu;

	if (kvm < 0)
		return 2;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return 2;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	files(kvm, vm);
	close(vcpu);
	close(vm);
	ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD);
	close(kvm);
	return 0;
}
