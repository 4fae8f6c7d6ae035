/* overlaycompat: a schema against those that were released, all as sets of descriptors that protoc
 * has written. What breaks is told on standard error, a line each. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gen/compat.h"
#include "gen/load.h"

typedef Google__Protobuf__FileDescriptorSet set_proto;
typedef Google__Protobuf__FileDescriptorProto file_proto;

struct schema {
	const char *path;
	const char *line; /* the file's name without .binpb */
	set_proto *set;
	struct model model;
};

static void schema_done(struct schema *s)
{
	model_done(&s->model);
	if (s->set)
		google__protobuf__file_descriptor_set__free_unpacked(s->set, NULL);
}

static int read_file(const char *path, struct buf *b)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		if (buf_reserve(b, 65536) < 0)
			return -ENOMEM;
		n = read(fd, b->p + b->n, 65536);
		if (n < 0)
			return -errno;
		b->n += (size_t)n;
	} while (n > 0);
	return 0;
}

/* protoc writes a file behind those that it imports. */
static const file_proto *schema_file(const struct schema *s)
{
	return s->set->file[s->set->n_file - 1];
}

static int schema_read(struct schema *s)
{
	_cleanup_(buf_done) struct buf bytes = { .p = NULL };
	int r = read_file(s->path, &bytes);

	if (r < 0)
		return r;
	s->set = google__protobuf__file_descriptor_set__unpack(NULL, bytes.n,
							       (const uint8_t *)buf_view(&bytes).p);
	return s->set && s->set->n_file > 0 ? model_load(&s->model, schema_file(s)) : -EBADMSG;
}

static int schema_open(struct schema *s, struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *end = strstr(name, ".binpb");
	int r;

	s->path = path;
	s->line = arena_copy(arena, name, end ? (size_t)(end - name) : strlen(name));
	r = s->line ? schema_read(s) : -ENOMEM;
	if (r < 0)
		fprintf(stderr, "overlaycompat: %s: %s\n", path, strerror(-r));
	return r;
}

/* ---- what is told ---- */

static bool same_break(const struct compat_break *a, const struct compat_break *b)
{
	return !a->reason == !b->reason && strcmp(a->rule, b->rule) == 0 &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->text, b->text) == 0;
}

/* "0.12, 0.13 clients", all whom a break hits as it does the first of them; false: none. */
static bool tell_whom(FILE *out, struct compat_break *first, bool daemons, const char *before)
{
	bool any = false;

	for (struct compat_break *b = first; b; b = b->next)
		if (b->daemons == daemons && same_break(first, b)) {
			fprintf(out, "%s%s", any ? ", " : before, b->line);
			b->told = any = true;
		}
	if (any)
		fprintf(out, " %s", daemons ? "daemons" : "clients");
	return any;
}

/* "0.12, 0.13 clients: add_peer now requires key `x` (required add_peer.x)" */
static void tell(struct compat_break *first)
{
	FILE *out = first->reason ? stdout : stderr;
	bool clients = tell_whom(out, first, false, first->reason ? "accepted: " : "");

	tell_whom(out, first, true, clients ? " and " : first->reason ? "accepted: " : "");
	fprintf(out, ": %s (%s %s)%s%s\n", first->text, first->rule, first->path,
		first->reason ? ": " : "", first->reason ? first->reason : "");
}

static int tell_all(struct compat *c, bool verbose)
{
	size_t n = 0, accepted = 0;

	for (struct compat_break *b = c->first; b; b = b->next) {
		*(b->reason ? &accepted : &n) += 1;
		if (!b->told && (!b->reason || verbose))
			tell(b);
	}
	fprintf(stderr, "%.*s", VIEW(buf_view(&c->faults)));
	if (c->failed)
		fprintf(stderr, "overlaycompat: no memory\n");
	if (verbose)
		printf("%zu things break, %zu more are accepted\n", n, accepted);
	return n > 0 || c->faults.n > 0 || c->failed;
}

/* ---- commands ---- */

static int compare(const char *accepted, bool verbose, size_t n, char **paths)
{
	_cleanup_(compat_done) struct compat c = { .first = NULL };
	_cleanup_(buf_done) struct buf list = { .p = NULL };
	struct schema *schemas = arena_alloc(&c.arena, n * sizeof(*schemas));
	int r = schemas ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = schema_open(&schemas[i], &c.arena, paths[i]);
		if (r == 0 && i > 0)
			compat_compare(&c, schemas[i].line, &schemas[i].model, &schemas[0].model);
	}
	if (r == 0 && accepted) {
		r = read_file(accepted, &list);
		if (r < 0)
			fprintf(stderr, "overlaycompat: %s: %s\n", accepted, strerror(-r));
		else
			compat_accept(&c, accepted, buf_view(&list));
	}
	r = r < 0 ? 2 : tell_all(&c, verbose);
	for (size_t i = 0; schemas && i < n; i++)
		schema_done(&schemas[i]);
	return r;
}

/* Whether two sets hold the same schema, whatever they import. */
static int same(char **paths)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(schema_done) struct schema a = { .path = NULL }, b = { .path = NULL };
	_cleanup_(freep) uint8_t *packed_a = NULL, *packed_b = NULL;
	size_t n;

	if (schema_open(&a, &arena, paths[0]) < 0 || schema_open(&b, &arena, paths[1]) < 0)
		return 2;
	n = google__protobuf__file_descriptor_proto__get_packed_size(schema_file(&a));
	if (n == google__protobuf__file_descriptor_proto__get_packed_size(schema_file(&b))) {
		packed_a = malloc(n + 1);
		packed_b = malloc(n + 1);
		if (!packed_a || !packed_b)
			return 2;
		google__protobuf__file_descriptor_proto__pack(schema_file(&a), packed_a);
		google__protobuf__file_descriptor_proto__pack(schema_file(&b), packed_b);
		if (memcmp(packed_a, packed_b, n) == 0)
			return 0;
	}
	fprintf(stderr, "%s and %s are not the same schema\n", paths[0], paths[1]);
	return 1;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: overlaycompat [--verbose] [--accepted FILE] NOW.binpb LINE.binpb...\n"
		"       overlaycompat --same A.binpb B.binpb\n"
		"Exit status: 0 nothing breaks, 1 something does, 2 wrong command line or "
		"input.\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct option options[] = { { "accepted", required_argument, NULL, 'a' },
					  { "same", no_argument, NULL, 's' },
					  { "verbose", no_argument, NULL, 'v' },
					  { NULL, 0, NULL, 0 } };
	const char *accepted = NULL;
	bool only_same = false, verbose = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return usage();
		accepted = option == 'a' ? optarg : accepted;
		only_same |= option == 's';
		verbose |= option == 'v';
	}
	if (argc - optind < 2 || (only_same && (argc - optind != 2 || accepted || verbose)))
		return usage();
	return only_same ? same(argv + optind)
			 : compare(accepted, verbose, (size_t)(argc - optind), argv + optind);
}
