// SPDX-License-Identifier: GPL-2.0-only
/* The time limit of a system call: a signal to the thread that makes it. */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

/* Between two shots: the first may hit just before the call sleeps. */
#define AGAIN_US	10000

static __thread volatile sig_atomic_t fired;
/*
 * The timer of a thread of a parallel.  A program outside of any has one thread, which the timer
 * of the process cannot miss; that one costs no system call to make.
 */
static __thread timer_t thread_timer;
static __thread bool has_thread_timer;

static void on_alarm(int signo)
{
	(void)signo;
	fired = 1;
}

/* The handler, without SA_RESTART so that calls end; children inherit it. */
void watchdog_setup(void)
{
	struct sigaction alarm = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK };

	sigaction(SIGALRM, &alarm, NULL);
}

void watchdog_thread_begins(void)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGALRM;
	event._sigev_un._tid = syscall(SYS_gettid);
	has_thread_timer = timer_create(CLOCK_MONOTONIC, &event, &thread_timer) == 0;
}

void watchdog_thread_ends(void)
{
	if (has_thread_timer)
		timer_delete(thread_timer);
	has_thread_timer = false;
}

/* A signal to this thread after ms, and again and again; 0: no more. */
void watchdog_set(uint32_t ms)
{
	if (has_thread_timer) {
		struct itimerspec timer = {
			.it_value = { ms / 1000, ms % 1000 * 1000000L },
			.it_interval = { 0, ms ? AGAIN_US * 1000L : 0 },
		};

		fired = 0;
		timer_settime(thread_timer, 0, &timer, NULL);
	} else {
		struct itimerval timer = {
			.it_value = { ms / 1000, ms % 1000 * 1000 },
			.it_interval = { 0, ms ? AGAIN_US : 0 },
		};

		fired = 0;
		setitimer(ITIMER_REAL, &timer, NULL);
	}
}

bool watchdog_fired(void)
{
	return fired;
}
