/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GMC_FRAME_H
#define GMC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The two ends of the channel; the same descriptor on a virtio port. */
struct channel {
	int in;
	int out;
	/* A read of zero bytes means "nobody connected yet", not the end. */
	bool waits_for_peer;
};

struct frame {
	uint16_t type;
	uint32_t sequence;
	uint32_t length;
	const uint8_t *payload;	/* valid until the next frame_read() */
};

enum frame_status {
	FRAME_OK,
	FRAME_END,
	FRAME_BROKEN,	/* frame_complaint() says why */
};

uint32_t crc32_update(uint32_t crc, const void *data, size_t length);

enum frame_status frame_read(const struct channel *channel, struct frame *frame);
const char *frame_complaint(void);

/* Where the payload of the next frame_send() is written: GMC_MAX_PAYLOAD bytes. */
uint8_t *frame_payload(void);
int frame_send(const struct channel *channel, uint16_t type, uint32_t sequence,
	       uint32_t length);
int frame_send_error(const struct channel *channel, uint32_t sequence, uint32_t code,
		     const char *text);

#endif
