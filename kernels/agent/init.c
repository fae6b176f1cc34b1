// SPDX-License-Identifier: GPL-2.0-only
/* What falls to the agent when it is the first process of a guest. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define PORTS		"/sys/class/virtio-ports"
#define PORT_NAME	"gmemcheck"
#define FALLBACK	"/dev/vport0p1"
#define POLL_MS		5
#define PATIENCE_MS	10000

static void say(const char *format, va_list args)
{
	char line[256] = "gmemcheck-agent: ";
	size_t used = strlen(line);
	int fd;

	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	strcat(line, "\n");
	fd = open("/dev/console", O_WRONLY | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		errno = 0;
	close(fd);
}

void init_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void init_give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	sync();
	reboot(RB_POWER_OFF);
	/* Init must not return: the kernel panics, which also ends the guest. */
	_exit(1);
}

static void mount_all(void)
{
	static const struct {
		const char *type;
		const char *where;
		int optional;
	} mounts[] = {
		{ "devtmpfs", "/dev", 0 },
		{ "proc", "/proc", 0 },
		{ "sysfs", "/sys", 0 },
		{ "debugfs", "/sys/kernel/debug", 1 },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (!mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL))
			continue;
		if (errno != EBUSY && !mounts[i].optional)
			init_give_up("cannot mount %s on %s: %s", mounts[i].type, mounts[i].where,
				     strerror(errno));
	}
}

static int has_our_name(const char *port)
{
	char path[512], name[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), PORTS "/%s/name", port);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, name, sizeof(name));
	close(fd);
	return length >= (ssize_t)strlen(PORT_NAME) &&
	       !memcmp(name, PORT_NAME, strlen(PORT_NAME)) &&
	       (length == (ssize_t)strlen(PORT_NAME) || name[strlen(PORT_NAME)] == '\n');
}

static int open_named_port(void)
{
	DIR *ports = opendir(PORTS);
	struct dirent *entry;
	char path[512];
	int fd = -1;

	if (!ports)
		return -1;
	while (fd < 0 && (entry = readdir(ports))) {
		if (entry->d_name[0] == '.' || !has_our_name(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(ports);
	return fd;
}

int init_open_port(void)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000 * 1000 };
	int fd;

	mount_all();
	init_load_modules();
	for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		fd = open_named_port();
		if (fd >= 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	fd = open(FALLBACK, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		init_give_up("no virtio-serial port named " PORT_NAME " within %d s, and "
			     FALLBACK ": %s", PATIENCE_MS / 1000, strerror(errno));
	return fd;
}
