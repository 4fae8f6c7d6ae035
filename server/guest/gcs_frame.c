#include "server/guest/gcs_frame.h"

#include <errno.h>

static void put(uint8_t *bytes, uint64_t value, int n)
{
	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *bytes, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

void gcs_header_write(const struct gcs_header *header, uint8_t bytes[GCS_HEADER])
{
	put(bytes, header->type, 4);
	put(bytes + 4, header->size, 4);
	put(bytes + 8, header->id, 8);
}

int gcs_header_read(const uint8_t bytes[GCS_HEADER], struct gcs_header *ret)
{
	*ret = (struct gcs_header){ .type = (uint32_t)get(bytes, 4),
				    .size = (uint32_t)get(bytes + 4, 4),
				    .id = get(bytes + 8, 8) };
	if (ret->size < GCS_HEADER)
		return -EBADMSG;
	return ret->size - GCS_HEADER > GCS_ACCEPT_MAX ? -EMSGSIZE : 0;
}
