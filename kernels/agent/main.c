// SPDX-License-Identifier: GPL-2.0-only
/*
 * gmemcheck's agent: executes programs of system calls that arrive in frames.
 * A child talks over stdin and stdout, the first process of a guest over a
 * virtio-serial port.  PROTOCOL.md describes the frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "compat.h"
#include "init.h"
#include "program.h"

/* Out of the way of the descriptors a program sees as 0, 1, 2, 3, … */
#define CHANNEL_FD	100

static bool is_init;

__attribute__((noreturn)) static void give_up(const char *what)
{
	if (is_init)
		init_give_up("%s: %s", what, strerror(errno));
	fprintf(stderr, "gmemcheck-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int move_away(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, CHANNEL_FD);

	if (moved < 0)
		moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		give_up("cannot move the channel's descriptor");
	return moved;
}

static void point_at_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		give_up("/dev/null");
	if (null == fd) {
		fcntl(fd, F_SETFD, 0);
		return;
	}
	if (dup2(null, fd) < 0)
		give_up("cannot replace a standard descriptor");
	close(null);
}

/* Programs start with /dev/null on 0 and 1 (and 2 in a guest), nothing else. */
static struct channel open_channel(void)
{
	struct channel channel;

	if (is_init) {
		int port = init_open_port();

		channel.in = move_away(port);
		channel.out = channel.in;
		channel.waits_for_peer = true;
		if (port > STDERR_FILENO)
			close(port);
		point_at_null(STDERR_FILENO);
	} else {
		channel.in = move_away(STDIN_FILENO);
		channel.out = move_away(STDOUT_FILENO);
		channel.waits_for_peer = false;
	}
	point_at_null(STDIN_FILENO);
	point_at_null(STDOUT_FILENO);
	return channel;
}

static uint8_t *put(uint8_t *to, const void *from, size_t length)
{
	memcpy(to, from, length);
	return to + length;
}

static uint8_t *put_string(uint8_t *to, const char *text)
{
	uint16_t length = strlen(text);

	return put(put(to, &length, sizeof(length)), text, length);
}

static int send_hello(const struct channel *channel, uint32_t sequence)
{
	const uint32_t words[] = {
		GMC_PROTOCOL,
		sysconf(_SC_PAGESIZE),
		GMC_FEATURE_FORK | GMC_FEATURE_SIGNALS | GMC_FEATURE_THREADS |
			(compat_present() ? GMC_FEATURE_COMPAT : 0),
	};
	struct utsname name;
	uint8_t *end;

	uname(&name);
	end = put(frame_payload(), words, sizeof(words));
	end = put_string(end, name.machine);
	end = put_string(end, name.release);
	end = put_string(end, GMC_VERSION);
	return frame_send(channel, GMC_HELLO, sequence, end - frame_payload());
}

static int answer_run(const struct channel *channel, const struct frame *frame)
{
	struct program program;
	uint32_t length;
	char why[160];

	if (program_parse(frame, &program, why, sizeof(why)) < 0)
		return frame_send_error(channel, frame->sequence, GMC_ERROR_REFUSED, why);
	if (program_run(channel, &program, &length, why, sizeof(why)) < 0)
		return frame_send_error(channel, frame->sequence, GMC_ERROR_FAILED, why);
	return frame_send(channel, GMC_RESULT, frame->sequence, length);
}

/* For tests of the harness: a guest that falls silent after some programs. */
static long programs_before_silence(void)
{
	const char *text = getenv("GMEMCHECK_STOP_AFTER");

	return text ? strtol(text, NULL, 10) : -1;
}

static int answer(const struct channel *channel, const struct frame *frame)
{
	static long programs;

	switch (frame->type) {
	case GMC_HELLO:
		return send_hello(channel, frame->sequence);
	case GMC_RUN:
		if (programs++ == programs_before_silence())
			for (;;)
				pause();
		return answer_run(channel, frame);
	default:
		return frame_send_error(channel, frame->sequence, GMC_ERROR_REFUSED,
					"unknown frame type, expected HELLO or RUN");
	}
}

int main(void)
{
	struct channel channel;
	struct frame frame;
	sigset_t blocked;
	int sent;

	is_init = getpid() == 1;
	channel = open_channel();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	/* What a program leaves behind becomes ours to reap. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	exec_setup();

	sent = send_hello(&channel, 0);
	while (sent == 0) {
		switch (frame_read(&channel, &frame)) {
		case FRAME_OK:
			sent = answer(&channel, &frame);
			break;
		case FRAME_BROKEN:
			sent = frame_send_error(&channel, 0, GMC_ERROR_DAMAGED,
						frame_complaint());
			break;
		case FRAME_END:
			if (!is_init)
				return 0;
			errno = EPIPE;
			give_up("the channel ended");
		}
	}
	give_up("cannot write to the channel");
}
