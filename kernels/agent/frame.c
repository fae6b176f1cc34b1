// SPDX-License-Identifier: GPL-2.0-only
/* Frames: a header with its own CRC, a payload, a CRC-32 over both. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "protocol.h"

#define TRAILER		sizeof(uint32_t)
#define MAX_FRAME	(sizeof(struct gmc_header) + GMC_MAX_PAYLOAD + TRAILER)

static uint8_t input[MAX_FRAME];
static size_t input_start, input_end;
static uint8_t output[MAX_FRAME];

static char complaint[128];
/* One complaint per stretch of garbage, or a peer that only writes would block us. */
static bool complained;

static uint32_t crc_table[256];

static void crc32_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		crc_table[i] = c;
	}
}

/* CRC-32 as zlib computes it; start with 0. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *p = data;

	if (!crc_table[1])
		crc32_init();
	crc = ~crc;
	while (length--)
		crc = crc_table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
	return ~crc;
}

const char *frame_complaint(void)
{
	return complaint;
}

static enum frame_status broken(const char *why)
{
	if (complained)
		return FRAME_OK;
	complained = true;
	snprintf(complaint, sizeof(complaint), "%s", why);
	return FRAME_BROKEN;
}

/* Read at least one byte: 1, 0 at the end, -1 on error. */
static int fill(const struct channel *channel)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	if (input_start) {
		memmove(input, input + input_start, input_end - input_start);
		input_end -= input_start;
		input_start = 0;
	}
	for (;;) {
		ssize_t n = read(channel->in, input + input_end, sizeof(input) - input_end);

		if (n > 0) {
			input_end += n;
			return 1;
		}
		if (!n && !channel->waits_for_peer)
			return 0;
		if (!n) {
			/* Whoever connects next starts with a whole frame. */
			input_end = 0;
			nanosleep(&pause, NULL);
		} else if (errno == EAGAIN) {
			struct pollfd readable = { .fd = channel->in, .events = POLLIN };

			poll(&readable, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

/* Move to the next possible magic; false when what is left cannot hold one. */
static bool find_magic(void)
{
	const uint32_t magic = GMC_MAGIC;

	while (input_end - input_start >= sizeof(magic)) {
		if (!memcmp(input + input_start, &magic, sizeof(magic)))
			return true;
		input_start++;
	}
	return false;
}

/*
 * The next whole frame.  Garbage is skipped up to the next frame whose header
 * checks; each stretch of it is reported once as FRAME_BROKEN.
 */
enum frame_status frame_read(const struct channel *channel, struct frame *frame)
{
	for (;;) {
		size_t before = input_start;
		struct gmc_header header;
		size_t have, need = sizeof(header);
		bool found = find_magic();

		if (input_start != before && broken("bytes that are no frame") == FRAME_BROKEN)
			return FRAME_BROKEN;
		have = input_end - input_start;
		if (found && have >= sizeof(header)) {
			memcpy(&header, input + input_start, sizeof(header));
			if (header.check != crc32_update(0, &header, 16) ||
			    header.length > GMC_MAX_PAYLOAD) {
				input_start++;
				if (broken("a damaged or oversized frame header") == FRAME_BROKEN)
					return FRAME_BROKEN;
				continue;
			}
			need = sizeof(header) + header.length + TRAILER;
			if (have >= need)
				break;
		}
		switch (fill(channel)) {
		case 1:
			continue;
		case 0:
			if (input_end == input_start)
				return FRAME_END;
			input_start = input_end;
			if (broken("the stream ended inside a frame") == FRAME_BROKEN)
				return FRAME_BROKEN;
			return FRAME_END;
		default:
			return FRAME_END;
		}
	}

	const uint8_t *start = input + input_start;
	struct gmc_header header;
	uint32_t crc;

	memcpy(&header, start, sizeof(header));
	memcpy(&crc, start + sizeof(header) + header.length, sizeof(crc));
	input_start += sizeof(header) + header.length + TRAILER;
	if (crc != crc32_update(0, start, sizeof(header) + header.length)) {
		complained = false;
		return broken("the CRC of the frame does not match its bytes");
	}
	complained = false;
	if (header.flags)
		return broken("frame flags are not zero");
	frame->type = header.type;
	frame->sequence = header.sequence;
	frame->length = header.length;
	frame->payload = start + sizeof(header);
	return FRAME_OK;
}

uint8_t *frame_payload(void)
{
	return output + sizeof(struct gmc_header);
}

/* Send the length bytes at frame_payload(): 0, or -1 when the peer is gone. */
int frame_send(const struct channel *channel, uint16_t type, uint32_t sequence,
	       uint32_t length)
{
	struct gmc_header header = {
		.magic = GMC_MAGIC,
		.type = type,
		.sequence = sequence,
		.length = length,
	};
	size_t total = sizeof(header) + length;
	uint32_t crc;

	header.check = crc32_update(0, &header, 16);
	memcpy(output, &header, sizeof(header));
	crc = crc32_update(0, output, total);
	memcpy(output + total, &crc, sizeof(crc));
	total += sizeof(crc);

	for (size_t done = 0; done < total;) {
		ssize_t n = write(channel->out, output + done, total - done);

		if (n >= 0) {
			done += n;
		} else if (errno == EAGAIN) {
			struct pollfd writable = { .fd = channel->out, .events = POLLOUT };

			poll(&writable, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int frame_send_error(const struct channel *channel, uint32_t sequence, uint32_t code,
		     const char *text)
{
	uint32_t length = strlen(text);

	memcpy(frame_payload(), &code, sizeof(code));
	memcpy(frame_payload() + sizeof(code), text, length);
	return frame_send(channel, GMC_ERROR, sequence, sizeof(code) + length);
}
