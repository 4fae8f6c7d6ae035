#include "tests/server/guest/guest.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

#define WAIT_MS 10000

void guest_send(struct transport *t, uint32_t type, uint64_t id, const char *document)
{
	const struct gcs_header header = { .type = type,
					   .size = (uint32_t)(GCS_HEADER + strlen(document)),
					   .id = id };
	uint8_t bytes[GCS_HEADER];

	gcs_header_write(&header, bytes);
	CHECK_INT(transport_send(t, bytes, sizeof(bytes), WAIT_MS), 0);
	CHECK_INT(transport_send(t, document, strlen(document), WAIT_MS), 0);
}

/* False: the end, and no byte before it. */
static bool read_exactly(struct transport *t, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = transport_recv(t, (char *)p + got, n - got, WAIT_MS);

		if (r == 0 && got == 0)
			return false;
		CHECK(r > 0);
		got += (size_t)r;
	}
	return true;
}

static bool receive(struct transport *t, struct gcs_header *header, struct buf *document)
{
	uint8_t bytes[GCS_HEADER];

	if (!read_exactly(t, bytes, sizeof(bytes)))
		return false;
	CHECK_INT(gcs_header_read(bytes, header), 0);
	document->n = 0;
	CHECK_INT(buf_reserve(document, header->size), 0);
	document->n = header->size - GCS_HEADER;
	if (document->n > 0)
		CHECK(read_exactly(t, document->p, document->n));
	document->p[document->n] = '\0';
	return true;
}

struct gcs_header guest_receive(struct transport *t, struct buf *document)
{
	struct gcs_header header;

	CHECK(receive(t, &header, document));
	return header;
}

static void answer(struct fake_guest *g, const struct gcs_header *header)
{
	const char *text = "{\"Result\":0,\"ErrorMessage\":\"\"}";
	char negotiated[1024];

	switch (header->type & ~GCS_CLASS_MASK) {
	case GCS_NEGOTIATE:
		snprintf(negotiated, sizeof(negotiated),
			 "{\"Result\":0,\"Version\":%u,\"Capabilities\":%s}", g->manners.version,
			 g->manners.capabilities);
		text = negotiated;
		break;
	case GCS_CREATE:
		text = g->manners.create_answer ? g->manners.create_answer : text;
		break;
	case GCS_MODIFY_SERVICE_SETTINGS:
		text = g->manners.logging_answer ? g->manners.logging_answer : text;
		break;
	}
	guest_send(g->stream, header->type ^ GCS_REQUEST ^ GCS_RESPONSE, header->id, text);
}

static void *serve(void *arg)
{
	struct fake_guest *g = arg;
	_cleanup_(buf_done) struct buf document = { 0 };
	struct gcs_header header;

	while (receive(g->stream, &header, &document)) {
		buf_printf(&g->log, "%08x %s\n", header.type, document.p);
		answer(g, &header);
	}
	return NULL;
}

void fake_guest_start(struct fake_guest *g, struct transport *stream,
		      const struct guest_manners *manners)
{
	*g = (struct fake_guest){ .stream = stream, .manners = *manners };
	CHECK_INT(pthread_create(&g->thread, NULL, serve, g), 0);
}

void fake_guest_wait(struct fake_guest *g)
{
	pthread_join(g->thread, NULL);
	transport_close(g->stream);
}
