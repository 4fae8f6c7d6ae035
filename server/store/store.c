#include "server/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/store/environment.h"
#include "server/store/record.h"

/* The keys beside those of records, which begin with a digit. */
#define BOOT_KEY VIEW_LITERAL("boot")
#define LOST_KEY VIEW_LITERAL("lost")

struct store {
	struct environment *data, *run;
	struct store_loss loss;
};

static struct environment *place_of(struct store *s, const struct state_record *record)
{
	return record_is_durable(record->kind) ? s->data : s->run;
}

/* ---- life ---- */

struct look {
	struct ovd_view boot;
	bool empty, has_boot, same_boot, lost;
};

static int look_at(void *arg, struct ovd_view key, struct ovd_view value)
{
	struct look *look = arg;

	look->empty = false;
	look->lost |= view_eq(key, LOST_KEY);
	if (view_eq(key, BOOT_KEY)) {
		look->has_boot = true;
		look->same_boot = view_eq(value, look->boot);
	}
	return 0;
}

/* What lies in the run directory died with the boot that it names. Whether one that says nothing is
 * new, or somebody took away what it said, can't be told here: it is lost, and stays so until it is
 * made good. */
static int begin_place(struct environment *env, const char *boot, bool *lost)
{
	struct look look = { .boot = view(boot ? boot : ""), .empty = true };
	int r = environment_each(env, look_at, &look);

	if (r < 0)
		return r;
	look.lost |= boot ? !look.has_boot : look.empty;
	if (look.has_boot && !look.same_boot)
		look.lost = false;
	*lost = look.lost;
	environment_begin(env);
	if (boot && !look.same_boot) {
		environment_clear(env);
		environment_put(env, BOOT_KEY, look.boot);
	}
	if (look.lost)
		environment_put(env, LOST_KEY, view(""));
	return environment_end(env, 0);
}

/* boot: it is the run directory's. */
static int open_place(const char *dir, const char *boot, struct environment **ret, char **ret_moved,
		      bool *lost)
{
	_cleanup_(freep) char *path = NULL;
	struct environment_options options = { .synced = !boot };
	int r;

	if (asprintf(&path, "%s/store", dir) < 0)
		return -ENOMEM;
	options.dir = path;
	r = environment_open(&options, ret, ret_moved);
	return r == 0 ? begin_place(*ret, boot, lost) : r;
}

static int open_both(const struct store_options *options, struct store *s,
		     struct store_moved *moved)
{
	const char *dir = options->data_dir;
	int r = open_place(dir, NULL, &s->data, &moved->data, &s->loss.data);

	if (r == 0) {
		dir = options->run_dir;
		r = open_place(dir, options->boot_id, &s->run, &moved->run, &s->loss.run);
	}
	if (r < 0 && options->failed)
		*options->failed = dir;
	return r;
}

int store_open(const struct store_options *options, struct store **ret,
	       struct store_moved *ret_moved)
{
	struct store_moved moved = { .data = NULL };
	struct store *s = calloc(1, sizeof(*s));
	int r = s ? open_both(options, s, &moved) : -ENOMEM;

	if (r < 0) {
		store_close(s);
		free(moved.data);
		free(moved.run);
		return r;
	}
	*ret = s;
	*ret_moved = moved;
	return 0;
}

struct store_loss store_loss(const struct store *s)
{
	return s->loss;
}

int store_made_good(struct store *s)
{
	struct environment *const places[] = { s->data, s->run };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++) {
		environment_begin(places[i]);
		environment_delete(places[i], LOST_KEY);
		r = environment_end(places[i], 0);
	}
	if (r == 0)
		s->loss = (struct store_loss){ .data = false };
	return r;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	environment_close(s->data);
	environment_close(s->run);
	free(s);
}

int store_boot_id(char ret[STORE_BOOT_ID_MAX])
{
	_cleanup_(fd_closep) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, STORE_BOOT_ID_MAX - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* ---- one record ---- */

int store_put(struct store *s, const struct state_record *record)
{
	struct environment *place = place_of(s, record);
	char text[RECORD_KEY_MAX];
	struct ovd_view key = record_key(record, text);
	struct buf *value;
	int r = key.n > 0 ? 0 : -EINVAL;

	value = environment_begin(place);
	if (r == 0)
		r = record_encode(record, value);
	if (r == 0)
		environment_put(place, key, buf_view(value));
	return environment_end(place, r);
}

int store_delete(struct store *s, const struct state_record *record)
{
	struct environment *place = place_of(s, record);
	char text[RECORD_KEY_MAX];

	environment_begin(place);
	environment_delete(place, record_key(record, text));
	return environment_end(place, 0);
}

/* ---- many ---- */

/* Before each key and value in a batch. */
struct entry {
	uint32_t key_n, value_n; /* value_n: DELETED */
};

#define DELETED UINT32_MAX

static int batch_add(struct store_batch *batch, const struct state_record *record, bool put)
{
	size_t start = batch->bytes.n, at;
	struct entry entry = { .value_n = DELETED };
	char text[RECORD_KEY_MAX];
	struct ovd_view key = record_key(record, text);
	int r = key.n > 0 ? 0 : -EINVAL;

	entry.key_n = (uint32_t)key.n;
	if (r == 0)
		r = buf_append(&batch->bytes, &entry, sizeof(entry));
	if (r == 0)
		r = buf_append(&batch->bytes, key.p, key.n);
	at = batch->bytes.n;
	if (r == 0 && put) {
		r = record_encode(record, &batch->bytes);
		entry.value_n = (uint32_t)(batch->bytes.n - at);
	}
	if (r < 0) {
		batch->bytes.n = start;
		return r;
	}
	memcpy(batch->bytes.p + start, &entry, sizeof(entry));
	batch->n++;
	return 0;
}

int store_batch_put(struct store_batch *batch, const struct state_record *record)
{
	return batch_add(batch, record, true);
}

int store_batch_delete(struct store_batch *batch, const struct state_record *record)
{
	return batch_add(batch, record, false);
}

void store_batch_clear(struct store_batch *batch)
{
	batch->n = batch->bytes.n = 0;
	buf_trim(&batch->bytes);
}

void store_batch_done(struct store_batch *batch)
{
	buf_done(&batch->bytes);
	batch->n = 0;
}

int store_commit(struct store *s, const struct store_batch *batch)
{
	const char *p = batch->bytes.p;
	struct entry entry;

	environment_begin(s->data);
	for (size_t i = 0; i < batch->n; i++) {
		struct ovd_view key, value;

		memcpy(&entry, p, sizeof(entry));
		key = (struct ovd_view){ .p = p + sizeof(entry), .n = entry.key_n };
		value = (struct ovd_view){ .p = key.p + key.n, .n = entry.value_n };
		p = value.p;
		if (entry.value_n == DELETED) {
			environment_delete(s->data, key);
		} else {
			environment_put(s->data, key, value);
			p += value.n;
		}
	}
	return environment_end(s->data, 0);
}

void store_rest(struct store *s)
{
	environment_rest(s->data);
}

/* ---- all ---- */

struct load {
	int (*each)(void *arg, const struct state_record *record);
	void (*unread)(void *arg, struct ovd_view key, const char *why);
	void *arg;
	struct ovd_view prefix; /* of the keys that are wanted */
	struct buf body;
	struct arena arena;
};

static bool has_prefix(struct ovd_view key, struct ovd_view prefix)
{
	return key.n >= prefix.n && memcmp(key.p, prefix.p, prefix.n) == 0;
}

static int load_one(void *arg, struct ovd_view key, struct ovd_view value)
{
	struct load *load = arg;
	struct state_record record;
	char text[FAULT_LINE_MAX];
	struct ovd_fault fault;
	int r;

	if (view_eq(key, BOOT_KEY) || view_eq(key, LOST_KEY) || !has_prefix(key, load->prefix))
		return 0;
	r = record_decode(value, &load->body, &load->arena, &record, &fault);
	if (r == 0)
		r = load->each(load->arg, &record);
	else if (r == -EBADMSG) {
		load->unread(load->arg, key, fault_text(&fault, text));
		r = 0;
	}
	arena_reset(&load->arena);
	return r;
}

int store_load(struct store *s, int (*each)(void *arg, const struct state_record *record),
	       void (*unread)(void *arg, struct ovd_view key, const char *why), void *arg)
{
	struct load load = { .each = each, .unread = unread, .arg = arg, .prefix = view("") };
	int r = environment_each(s->data, load_one, &load);

	if (r == 0)
		r = environment_each(s->run, load_one, &load);
	buf_wipe(&load.body);
	arena_done(&load.arena);
	return r;
}

static void leave_out(void *arg _unused_, struct ovd_view key _unused_, const char *why _unused_)
{
}

int store_each(struct store *s, enum state_record_kind kind,
	       int (*each)(void *arg, const struct state_record *record), void *arg)
{
	const struct state_record first = { .kind = kind };
	char text[RECORD_KEY_MAX];
	struct load load = { .each = each, .unread = leave_out, .arg = arg };
	int r;

	load.prefix = record_kind_prefix(kind, text);
	r = environment_each(place_of(s, &first), load_one, &load);
	buf_wipe(&load.body);
	arena_done(&load.arena);
	return r;
}
