/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stddef.h>
#include <stdint.h>

#define GMEM_FLAG_MMAP		1u
#define GMEM_FLAG_INIT_SHARED	2u
#define SHAREABLE		(GMEM_FLAG_MMAP | GMEM_FLAG_INIT_SHARED)

/* Each of these is one system call that must succeed. */
int open_kvm(void);
int create_vm(int kvm);
int create_gmem(int vm, uint64_t size, uint64_t flags);
uint8_t *map_shared(int fd, size_t length);
uint8_t *map_anonymous(size_t length);
void unmap(void *address, size_t length);
void punch_hole(int fd, uint64_t offset, uint64_t length);
/* A memslot with a guest_memfd, and one of ordinary memory. */
void bind_gmem(int vm, uint32_t slot, uint64_t gpa, uint64_t size, int gmem, void *map);
void bind_memory(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *map);
void close_fd(int fd);

#endif
