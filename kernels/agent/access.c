// SPDX-License-Identifier: GPL-2.0-only
/* Accesses to memory that may fault: the fault becomes the result of the op. */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"

/* A fault is caught in the thread that made the access. */
static __thread sigjmp_buf fault_jump;
static __thread volatile sig_atomic_t fault_armed;
static __thread volatile int fault_signal, fault_code;
static __thread volatile uintptr_t fault_address;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)context;
	/* madvise(MADV_HWPOISON) tells its caller of the page that it took: no access failed. */
	if (!fault_armed && signo == SIGBUS && info->si_code == BUS_MCEERR_AR)
		return;
	if (!fault_armed) {
		/* No op accounts for it: die of it, so that the parent sees the signal. */
		signal(signo, SIG_DFL);
		raise(signo);
		return;
	}
	fault_armed = 0;
	fault_signal = signo;
	fault_code = info->si_code;
	fault_address = (uintptr_t)info->si_addr;
	siglongjmp(fault_jump, 1);
}

/*
 * Handlers and the alternate stack; children inherit both.  Threads have no alternate stack:
 * their own is never what faults.
 */
void access_setup(void)
{
	static uint8_t stack[64 << 10] __attribute__((aligned(16)));
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	/* SA_NODEFER: leaving by siglongjmp then needs no mask to be restored. */
	struct sigaction fault = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
}

/*
 * Ascending, in aligned words where both sides allow it, so that the first
 * inaccessible byte is the one that faults: memcpy() promises no order.
 */
static void copy_upwards(volatile uint8_t *to, const volatile uint8_t *from, uint32_t length)
{
	uint32_t i = 0;

	if (!(((uintptr_t)to | (uintptr_t)from) & 7))
		for (; i + 8 <= length; i += 8)
			*(volatile uint64_t *)(to + i) = *(const volatile uint64_t *)(from + i);
	for (; i < length; i++)
		to[i] = from[i];
}

static uint64_t load(uintptr_t address, uint32_t width)
{
	switch (width) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	case 4:
		return *(volatile uint32_t *)address;
	default:
		return *(volatile uint64_t *)address;
	}
}

static void store(uintptr_t address, uint32_t width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)address = value;
		break;
	case 2:
		*(volatile uint16_t *)address = value;
		break;
	case 4:
		*(volatile uint32_t *)address = value;
		break;
	default:
		*(volatile uint64_t *)address = value;
	}
}

static void access_memory(const struct gmc_op *op, const uint64_t *v, const uint8_t *blob,
			  uint8_t *data, struct gmc_result *result)
{
	switch (op->code) {
	case GMC_LOAD:
		result->ret = load(v[0], op->number);
		break;
	case GMC_STORE:
		result->ret = 0;
		store(v[0], op->number, v[1]);
		break;
	case GMC_PEEK:
		copy_upwards(data, (const uint8_t *)(uintptr_t)v[0], op->number);
		result->data_length = op->number;
		result->ret = 0;
		break;
	case GMC_POKE:
		copy_upwards((uint8_t *)(uintptr_t)v[0], blob + op->offset, op->number);
		result->ret = 0;
		break;
	}
}

/*
 * Execute a load, store, peek or poke; true, with the fault in result, when it
 * faulted.  Nothing here changes between sigsetjmp() and the second return from it.
 */
bool access_faulted(const struct gmc_op *op, const uint64_t *v, const uint8_t *blob,
		    uint8_t *data, struct gmc_result *result)
{
	if (sigsetjmp(fault_jump, 0)) {
		result->ret = -1;
		result->signal = fault_signal;
		result->code = fault_code;
		result->fault_address = fault_address;
		return true;
	}
	fault_armed = 1;
	barrier();
	access_memory(op, v, blob, data, result);
	barrier();
	fault_armed = 0;
	return false;
}
