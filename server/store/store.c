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
	struct environment *copy; /* NULL: there is no place for one */
	struct store_loss loss;
	char untold[RECORD_UNTOLD][RECORD_KEY_MAX]; /* what keys begin with that lie in the copy */
};

static struct environment *place_of(struct store *s, const struct state_record *record)
{
	return record_is_durable(record->kind) ? s->data : s->run;
}

static bool has_prefix(struct ovd_view key, struct ovd_view prefix)
{
	return key.n >= prefix.n && memcmp(key.p, prefix.p, prefix.n) == 0;
}

static bool is_untold(const struct store *s, struct ovd_view key)
{
	for (size_t i = 0; i < RECORD_UNTOLD; i++)
		if (has_prefix(key, view(s->untold[i])))
			return true;
	return false;
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

/* boot: what it says ends with that; such a change needs the disk for nothing. */
static int open_place(const char *dir, const char *name, const char *boot, struct environment **ret,
		      char **ret_moved, bool *lost)
{
	_cleanup_(freep) char *path = NULL;
	struct environment_options options = { .synced = !boot };
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	options.dir = path;
	r = environment_open(&options, ret, ret_moved);
	return r == 0 ? begin_place(*ret, boot, lost) : r;
}

struct filling {
	const struct store *s;
	struct environment *to;
};

static int fill_one(void *arg, struct ovd_view key, struct ovd_view value)
{
	const struct filling *filling = arg;

	if (view_eq(key, BOOT_KEY) || is_untold(filling->s, key))
		environment_put(filling->to, key, value);
	return 0;
}

/* What only records tell, from the one to the other; alone: that has nothing else then. */
static int fill(const struct store *s, struct environment *from, struct environment *to, bool alone)
{
	struct filling filling = { .s = s, .to = to };

	environment_begin(to);
	if (alone)
		environment_clear(to);
	return environment_end(to, environment_each(from, fill_one, &filling));
}

static void open_copy(const struct store_options *options, struct store *s,
		      struct store_moved *moved, bool *lost)
{
	moved->copy_missed = open_place(options->data_dir, "store.copy", options->boot_id, &s->copy,
					&moved->copy, lost);
	if (moved->copy_missed == 0)
		return;
	environment_close(s->copy); /* what it holds may be another boot's */
	s->copy = NULL;
	*lost = true;
}

static int fill_either(struct store *s, struct store_moved *moved)
{
	if (!s->copy)
		return 0;
	if (s->loss.run)
		return fill(s, s->copy, s->run, false);
	moved->copy_missed = fill(s, s->run, s->copy, true);
	return 0;
}

static int open_all(const struct store_options *options, struct store *s, struct store_moved *moved)
{
	const char *dir = options->data_dir;
	bool copy_lost;
	int r = open_place(dir, "store", NULL, &s->data, &moved->data, &s->loss.data);

	if (r == 0) {
		open_copy(options, s, moved, &copy_lost);
		dir = options->run_dir;
		r = open_place(dir, "store", options->boot_id, &s->run, &moved->run, &s->loss.run);
	}
	if (r == 0) {
		s->loss.untold = s->loss.run && copy_lost;
		r = fill_either(s, moved);
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
	int r = s ? 0 : -ENOMEM;

	for (size_t i = 0; i < RECORD_UNTOLD && r == 0; i++) {
		char text[RECORD_KEY_MAX];
		struct ovd_view prefix = record_untold_prefix(i, text);

		memcpy(s->untold[i], prefix.p, prefix.n);
	}
	if (r == 0)
		r = open_all(options, s, &moved);
	if (r < 0) {
		store_close(s);
		free(moved.data);
		free(moved.run);
		free(moved.copy);
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

static int end_loss(struct environment *place)
{
	environment_begin(place);
	environment_delete(place, LOST_KEY);
	return environment_end(place, 0);
}

int store_made_good(struct store *s)
{
	int r = end_loss(s->data);

	if (r == 0)
		r = end_loss(s->run);
	if (r < 0)
		return r;
	if (s->copy)
		end_loss(s->copy);
	s->loss = (struct store_loss){ .data = false };
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	environment_close(s->data);
	environment_close(s->run);
	environment_close(s->copy);
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

static int put_in(struct environment *place, struct ovd_view key, const struct state_record *record)
{
	struct buf *value = environment_begin(place);
	int r = record_encode(record, value);

	if (r == 0)
		environment_put(place, key, buf_view(value));
	return environment_end(place, r);
}

static int delete_in(struct environment *place, struct ovd_view key)
{
	environment_begin(place);
	environment_delete(place, key);
	return environment_end(place, 0);
}

int store_put(struct store *s, const struct state_record *record)
{
	char text[RECORD_KEY_MAX];
	struct ovd_view key = record_key(record, text);
	int r = key.n > 0 ? put_in(place_of(s, record), key, record) : -EINVAL;

	if (r == 0 && s->copy && is_untold(s, key))
		put_in(s->copy, key, record);
	return r;
}

int store_delete(struct store *s, const struct state_record *record)
{
	char text[RECORD_KEY_MAX];
	struct ovd_view key = record_key(record, text);
	int r = delete_in(place_of(s, record), key);

	if (r == 0 && s->copy && is_untold(s, key))
		delete_in(s->copy, key);
	return r;
}

/* ---- many ---- */

/* Before each key and value in a batch. */
struct entry {
	uint32_t key_n, value_n; /* value_n: DELETED */
};

#define DELETED UINT32_MAX

#define PIECE_LEAST ((size_t)BUF_KEPT)
#define RECORD_ROOM 4096 /* most records take less; for a larger one its piece grows */

/* The piece for another record; NULL if there is no memory. Only the first grows by being moved. */
static struct buf *batch_piece(struct store_batch *batch)
{
	unsigned i = batch->last;

	if (batch->pieces[i].n + RECORD_ROOM > PIECE_LEAST << i && i + 1 < STORE_BATCH_PIECES)
		i++;
	if (i > batch->last && buf_reserve(&batch->pieces[i], PIECE_LEAST << i) < 0)
		return NULL;
	batch->last = i;
	return &batch->pieces[i];
}

static int batch_add(struct store_batch *batch, const struct state_record *record, bool put)
{
	struct buf *bytes = batch_piece(batch);
	size_t start = bytes ? bytes->n : 0, at;
	struct entry entry = { .value_n = DELETED };
	char text[RECORD_KEY_MAX];
	struct ovd_view key = record_key(record, text);
	int r = !bytes ? -ENOMEM : key.n > 0 ? 0 : -EINVAL;

	entry.key_n = (uint32_t)key.n;
	if (r == 0)
		r = buf_append(bytes, &entry, sizeof(entry));
	if (r == 0)
		r = buf_append(bytes, key.p, key.n);
	if (r == 0 && put) {
		at = bytes->n;
		r = record_encode(record, bytes);
		entry.value_n = (uint32_t)(bytes->n - at);
	}
	if (r < 0) {
		if (bytes)
			bytes->n = start;
		return r;
	}
	memcpy(bytes->p + start, &entry, sizeof(entry));
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
	for (unsigned i = 0; i <= batch->last; i++) {
		batch->pieces[i].n = 0;
		buf_trim(&batch->pieces[i]);
	}
	batch->n = 0;
	batch->last = 0;
}

void store_batch_done(struct store_batch *batch)
{
	for (unsigned i = 0; i <= batch->last; i++)
		buf_done(&batch->pieces[i]);
	*batch = (struct store_batch){ .n = 0 };
}

static void write_piece(struct environment *place, const struct buf *piece)
{
	const char *end = piece->p + piece->n;
	struct entry entry;

	for (const char *p = piece->p; p < end;) {
		struct ovd_view key, value;

		memcpy(&entry, p, sizeof(entry));
		key = (struct ovd_view){ .p = p + sizeof(entry), .n = entry.key_n };
		value = (struct ovd_view){ .p = key.p + key.n, .n = entry.value_n };
		p = value.p;
		if (entry.value_n == DELETED) {
			environment_delete(place, key);
		} else {
			environment_put(place, key, value);
			p += value.n;
		}
	}
}

int store_commit(struct store *s, const struct store_batch *batch)
{
	environment_begin(s->data);
	if (batch->n > 0)
		for (unsigned i = 0; i <= batch->last; i++)
			write_piece(s->data, &batch->pieces[i]);
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
