#include "tests/bench/peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/frame.h"
#include "runtime/key.h"

#define CALL_MS  60000
#define DUMP_MAX (16 * 1024 * 1024)

void stop(const char *what)
{
	fprintf(stderr, "bench_peers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- peers ---- */

static struct ovd_key key_of(unsigned number)
{
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct ovd_key key = { .b = { 0 } };

	memcpy(key.b, &mixed, sizeof(mixed));
	return key;
}

struct texts {
	char key[KEY_TEXT_MAX], endpoint[32], allowed[32];
};

static void texts_of(unsigned number, struct texts *ret)
{
	struct ovd_key key = key_of(number);

	key_format(&key, ret->key);
	snprintf(ret->endpoint, sizeof(ret->endpoint), "192.0.2.%u:%u", number % 250 + 1,
		 1024 + number);
	snprintf(ret->allowed, sizeof(ret->allowed), "10.%u.%u.%u/32", 200 + (number >> 16),
		 number >> 8 & 255, number & 255);
}

/* Without keepalive: nobody is there, and a device that tries to reach so many does nothing else.
 */
static struct ovd_peer_spec spec_of(const struct texts *t)
{
	return (struct ovd_peer_spec){ .public_key = view(t->key),
				       .endpoint = view(t->endpoint),
				       .allowed_ips = view(t->allowed),
				       .persistent_keepalive_secs = 0 };
}

/* ---- through the daemon ---- */

const struct ovd_response *ask(struct ovd_client *client, const struct ovd_request *request)
{
	const struct ovd_response *response;
	int r = ovd_client_call(client, request, CALL_MS, &response);

	if (r < 0) {
		errno = -r;
		stop("call");
	}
	if (response->kind == OVD_RESPONSE_ERR) {
		fprintf(stderr, "bench_peers: %.*s\n", VIEW(response->err.message));
		exit(1);
	}
	return response;
}

void our_adds(void *arg)
{
	struct ours *ours = arg;

	for (unsigned i = 0; i < PER_ROUND; i++) {
		struct ovd_request request = { .kind = OVD_REQUEST_ADD_PEER };
		struct texts texts;

		texts_of(ours->n++, &texts);
		request.add_peer.peer = spec_of(&texts);
		ask(ours->client, &request);
	}
}

/* The answer as it comes, so that the time is not this client's. */
void our_status(void *arg)
{
	struct ours *ours = arg;
	const struct ovd_view body =
		VIEW_LITERAL("{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}");
	struct ovd_view answer;

	if (ovd_client_raw(ours->client, body, CALL_MS, &answer) < 0 || answer.n < PEERS * 100)
		stop("status");
}

/* The body of sync_peers with the first n. */
static struct ovd_view sync_body(unsigned n)
{
	static char text[PEERS * 256];
	size_t at = (size_t)sprintf(
		text,
		"{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"sync_peers\",\"peers\":[");

	for (unsigned i = 0; i < n; i++) {
		struct texts t;

		texts_of(i, &t);
		at += (size_t)sprintf(
			text + at,
			"%s{\"public_key\":\"%s\",\"endpoint\":\"%s\",\"allowed_ips\":"
			"\"%s\",\"persistent_keepalive_secs\":0}",
			i ? "," : "", t.key, t.endpoint, t.allowed);
	}
	at += (size_t)sprintf(text + at, "]}}");
	return (struct ovd_view){ .p = text, .n = at };
}

static void sync_to(struct ours *ours, struct ovd_view body)
{
	struct ovd_view answer;

	if (ovd_client_raw(ours->client, body, CALL_MS, &answer) < 0)
		stop("sync_peers");
	if (!memmem(answer.p, answer.n, "peers_synced", 12)) {
		fprintf(stderr, "bench_peers: %.*s\n", VIEW(answer));
		exit(1);
	}
}

void sync_same(void *arg)
{
	static struct ovd_view body;

	if (!body.p)
		body = sync_body(PEERS);
	sync_to(arg, body);
}

void sync_none_and_all(void *arg)
{
	sync_to(arg, sync_body(0));
	sync_to(arg, sync_body(PEERS));
}

/* As many bytes as a frame may have, and wrong at the end. */
void bad_request(void *arg)
{
	static char text[FRAME_BODY_MAX];
	const struct ovd_view body = { .p = text, .n = sizeof(text) };
	const struct ours *ours = arg;
	struct ovd_view answer;

	memset(text, ' ', sizeof(text));
	text[0] = '{';
	if (ovd_client_raw(ours->client, body, CALL_MS, &answer) < 0)
		stop("a bad request");
}

/* ---- through the device's own socket ---- */

static void ask_device(int fd, const char *text, size_t n)
{
	static char answer[DUMP_MAX];
	size_t got = 0;

	if (send(fd, text, n, 0) < 0)
		stop("send");
	do {
		ssize_t r = recv(fd, answer + got, sizeof(answer) - got, 0);

		if (r <= 0)
			stop("the device");
		got += (size_t)r;
	} while (got < 2 || memcmp(answer + got - 2, "\n\n", 2) != 0);
	if (!memmem(answer + got - MIN(got, 16u), MIN(got, 16u), "errno=0\n\n", 9))
		stop("the device refuses");
}

void bare_adds(void *arg)
{
	struct bare *bare = arg;

	for (unsigned i = 0; i < PER_ROUND; i++) {
		char text[512], hex[KEY_HEX_MAX];
		struct ovd_key key = key_of(bare->n);
		struct texts texts;

		texts_of(bare->n++, &texts);
		ask_device(bare->fd, text,
			   (size_t)snprintf(text, sizeof(text),
					    "set=1\npublic_key=%s\nendpoint=%s\n"
					    "persistent_keepalive_interval=0\nallowed_ip=%s\n\n",
					    key_format_hex(&key, hex), texts.endpoint,
					    texts.allowed));
	}
}

void bare_dump(void *arg)
{
	const struct bare *bare = arg;

	ask_device(bare->fd, "get=1\n\n", 7);
}
