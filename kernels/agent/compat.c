// SPDX-License-Identifier: GPL-2.0-only
/* System calls as 32-bit programs make them: int 0x80 (CONFIG_IA32_EMULATION). */
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "compat.h"

#ifdef __x86_64__
/* arch/x86/entry/syscalls/syscall_32.tbl */
#define NR_GETPID	20

/* The kernel takes the low halves of ebx, ecx, edx, esi and edi, and clears r8 to r11. */
long compat_syscall(uint32_t number, const uint64_t *v)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a" (ret)
			 : "0" ((long)number), "b" (v[0]), "c" (v[1]), "d" (v[2]), "S" (v[3]),
			   "D" (v[4])
			 : "r8", "r9", "r10", "r11", "cc", "memory");
	return (int32_t)ret;
}

static sigjmp_buf refused;

static void on_refusal(int signo)
{
	(void)signo;
	siglongjmp(refused, 1);
}

/*
 * Without the emulation the interrupt is a general protection fault.  Tried
 * once, before any program runs.
 */
static bool try_it(void)
{
	static const uint64_t none[GMC_MAX_COMPAT_ARGS];
	struct sigaction old, ours = { .sa_handler = on_refusal, .sa_flags = SA_ONSTACK };
	volatile bool works = false;

	sigaction(SIGSEGV, &ours, &old);
	if (!sigsetjmp(refused, 1))
		works = compat_syscall(NR_GETPID, none) == getpid();
	sigaction(SIGSEGV, &old, NULL);
	return works;
}

bool compat_present(void)
{
	static enum { UNKNOWN, ABSENT, PRESENT } state;

	if (state == UNKNOWN)
		state = try_it() ? PRESENT : ABSENT;
	return state == PRESENT;
}
#else
long compat_syscall(uint32_t number, const uint64_t *v)
{
	(void)number;
	(void)v;
	return -1;
}

bool compat_present(void)
{
	return false;
}
#endif
