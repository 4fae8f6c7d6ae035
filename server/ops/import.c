#include "server/ops/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "schema/reference.h"
#include "server/engine/start.h"
#include "server/store/identity.h"
#include "server/store/store.h"

#define FILE_NAME    "agent_network.json"
#define FILE_VERSION 1
#define FILE_MAX     (1 << 20) /* bytes */
#define OWNER_START  "service:"
#define DEDICATED    "wg-dedicated"

struct importing {
	struct daemon *d;
	struct store_batch batch;
	unsigned n;
};

static int read_file(const char *path, struct buf *ret)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && ret->n <= FILE_MAX) {
		if (buf_reserve(ret, 4096) < 0)
			return -ENOMEM;
		n = read(fd, ret->p + ret->n, 4096);
		if (n < 0)
			return -errno;
		ret->n += (size_t)n;
	}
	if (ret->n > FILE_MAX)
		return -EFBIG;
	ret->p[ret->n] = '\0';
	return 0;
}

static bool owner_service(struct ovd_view owner, struct ovd_view *ret)
{
	const size_t n = strlen(OWNER_START);

	if (owner.n <= n || memcmp(owner.p, OWNER_START, n) != 0)
		return false;
	*ret = (struct ovd_view){ .p = owner.p + n, .n = owner.n - n };
	return true;
}

/* The private key alone counts; the public one must be its half. */
static bool check_keys(const struct reference_network *network, struct state_identity *ret)
{
	struct ovd_key private_key, public_key, said;
	bool fits;

	if (key_parse(network->wg_private_key, &private_key) < 0 ||
	    key_parse(network->wg_public_key, &said) < 0)
		return false;
	fits = identity_public(&private_key, &public_key) == 0 && key_eq(&public_key, &said);
	explicit_bzero(&private_key, sizeof(private_key));
	ret->private_key = network->wg_private_key;
	ret->public_key = network->wg_public_key;
	return fits;
}

static int remember(struct importing *importing, const struct reference_network *network)
{
	struct state_record record = { .kind = STATE_RECORD_IDENTITY };
	int r;

	if (!owner_service(network->owner, &record.identity.service) || !network->has_wg_port ||
	    !check_keys(network, &record.identity))
		return -EBADMSG;
	record.identity.port = network->wg_port;
	r = engine_restore(importing->d->engine, &record);
	if (r == 0)
		r = store_batch_put(&importing->batch, &record);
	importing->n += r == 0;
	return r == -ENOENT ? 0 : r;
}

static void take(struct importing *importing, const struct reference_networks *file)
{
	for (size_t i = 0; i < file->networks.n; i++) {
		const struct reference_network *network = &file->networks.items[i];

		if (!view_eq(network->type, VIEW_LITERAL(DEDICATED)) ||
		    remember(importing, network) == 0)
			continue;
		log_at(importing->d->log, LOG_WARN,
		       FILE_NAME ": the tunnel of %.*s is left out: its name, port or keys are "
				 "none",
		       VIEW(network->owner));
	}
}

static void end(struct importing *importing)
{
	struct daemon *d = importing->d;
	const struct state_record node = engine_imported(d->engine);
	int r = store_batch_put(&importing->batch, &node);

	if (r == 0)
		r = store_commit(d->net->store, &importing->batch);
	if (r < 0)
		log_at(d->log, LOG_WARN, FILE_NAME ": the store can't be written: %s",
		       strerror(-r));
	log_at(d->log, LOG_INFO, FILE_NAME ": %u tunnels of services are known by it",
	       importing->n);
}

void import_networks(struct daemon *d, const char *data_dir)
{
	_cleanup_(buf_wipe) struct buf body = { .n = 0 };
	struct importing importing = { .d = d };
	struct arena arena = { .chunk = NULL };
	struct reference_networks file;
	char path[4096 + sizeof(FILE_NAME)], text[FAULT_LINE_MAX];
	struct ovd_fault fault;
	int r;

	snprintf(path, sizeof(path), "%s/" FILE_NAME, data_dir);
	r = engine_has_imported(d->engine) ? -ENOENT : read_file(path, &body);
	if (r == -ENOENT)
		return;
	if (r == 0)
		r = reference_networks_decode(buf_view(&body), &arena, &file, &fault);
	if (r < 0) {
		log_at(d->log, LOG_WARN, FILE_NAME " is left: %s",
		       r == -EBADMSG ? fault_text(&fault, text) : strerror(-r));
	} else if (file.version != FILE_VERSION) {
		log_at(d->log, LOG_WARN, FILE_NAME " is left: its version is %u, not %d",
		       file.version, FILE_VERSION);
	} else {
		take(&importing, &file);
		end(&importing);
	}
	store_batch_done(&importing.batch);
	arena_done(&arena);
}
