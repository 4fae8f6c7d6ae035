#include "server/linux/tunnel_difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

/* Older than this, a session carries nothing: REJECT_AFTER_TIME, the WireGuard paper, section 6.1.
 */
#define SESSION_SECONDS 180

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct tunnel_peer *)a)->key.b,
		      ((const struct tunnel_peer *)b)->key.b, sizeof(struct ovd_key));
}

static bool has(const struct ovd_cidr *list, size_t n, const struct ovd_cidr *cidr)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_eq(&list[i], cidr))
			return true;
	return false;
}

/* A prefix that another peer gets is taken from its holder by that. */
static bool wanted_by_any(const struct tunnel_peer *wanted, size_t n, const struct ovd_cidr *cidr)
{
	for (size_t i = 0; i < n; i++)
		if (has(wanted[i].allowed, wanted[i].n_allowed, cidr))
			return true;
	return false;
}

static size_t count_prefixes(const struct tunnel_peer *peers, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += peers[i].n_allowed;
	return count;
}

struct work {
	const struct tunnel_peer *wanted;
	size_t n_wanted;
	int64_t now;
	struct ovd_cidr *room; /* for the lists that are still to come */
};

static void compare_lists(struct work *w, const struct tunnel_peer *is,
			  const struct tunnel_peer *wanted, struct tunnel_peer *ret)
{
	ret->allowed = w->room;
	for (size_t i = 0; i < wanted->n_allowed; i++)
		if (!has(is->allowed, is->n_allowed, &wanted->allowed[i]))
			w->room[ret->n_allowed++] = wanted->allowed[i];
	w->room += ret->n_allowed;
	ret->removed = w->room;
	for (size_t i = 0; i < is->n_allowed; i++)
		if (!has(wanted->allowed, wanted->n_allowed, &is->allowed[i]) &&
		    !wanted_by_any(w->wanted, w->n_wanted, &is->allowed[i]))
			w->room[ret->n_removed++] = is->allowed[i];
	w->room += ret->n_removed;
}

/* False if nothing differs. */
static bool compare_peers(struct work *w, const struct tunnel_peer *is,
			  const struct tunnel_peer *wanted, struct tunnel_peer *ret)
{
	bool other_endpoint = wanted->has_endpoint &&
			      !(is->has_endpoint && endpoint_eq(&is->endpoint, &wanted->endpoint));

	*ret = (struct tunnel_peer){ .key = wanted->key };
	ret->has_endpoint = other_endpoint && w->now - is->last_handshake > SESSION_SECONDS;
	ret->endpoint = wanted->endpoint;
	ret->has_keepalive = wanted->keepalive != is->keepalive;
	ret->keepalive = wanted->keepalive;
	compare_lists(w, is, wanted, ret);
	return ret->has_endpoint || ret->has_keepalive || ret->n_allowed > 0 || ret->n_removed > 0;
}

int tunnel_difference(const struct tunnel_state *is, const struct tunnel_peer *wanted, size_t n,
		      bool only, int64_t now, struct tunnel_difference *ret)
{
	size_t most = count_prefixes(is->peers, is->n_peers) + count_prefixes(wanted, n);
	_cleanup_(freep) struct tunnel_peer *sorted = calloc(is->n_peers + 1, sizeof(*sorted));
	struct tunnel_difference d = { .peers = calloc(n + is->n_peers + 1, sizeof(*d.peers)),
				       .prefixes = calloc(most + 1, sizeof(*d.prefixes)) };
	struct work w = { .wanted = wanted, .n_wanted = n, .now = now, .room = d.prefixes };

	if (!sorted || !d.peers || !d.prefixes) {
		tunnel_difference_done(&d);
		return -ENOMEM;
	}
	if (is->n_peers > 0)
		memcpy(sorted, is->peers, is->n_peers * sizeof(*sorted));
	qsort(sorted, is->n_peers, sizeof(*sorted), compare);
	for (size_t i = 0; i < n; i++) {
		struct tunnel_peer *now_there =
			bsearch(&wanted[i], sorted, is->n_peers, sizeof(*sorted), compare);

		if (!now_there)
			d.peers[d.n++] = wanted[i];
		else if (compare_peers(&w, now_there, &wanted[i], &d.peers[d.n]))
			d.n++;
		if (now_there)
			now_there->remove = true; /* from those that nobody wants */
	}
	for (size_t i = 0; only && i < is->n_peers; i++)
		if (!sorted[i].remove)
			d.peers[d.n++] =
				(struct tunnel_peer){ .key = sorted[i].key, .remove = true };
	*ret = d;
	return 0;
}

void tunnel_difference_done(struct tunnel_difference *d)
{
	free(d->peers);
	free(d->prefixes);
}
