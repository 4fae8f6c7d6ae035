#include "tests/server/guest/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

static struct disk_file *find(struct disk *d, const char *name)
{
	for (size_t i = 0; i < DISK_FILES; i++)
		if (strcmp(d->file[i].name, name) == 0)
			return &d->file[i];
	return NULL;
}

static size_t used(const struct disk *d)
{
	size_t n = 0;

	for (size_t i = 0; i < DISK_FILES; i++)
		n += d->file[i].bytes.n;
	return n;
}

static int open_file(void *arg, const char *path, intptr_t *ret_handle, uint64_t *ret_size)
{
	struct disk *d = arg;
	struct disk_file *f;
	int r;

	pthread_mutex_lock(&d->lock);
	r = d->open_error;
	f = find(d, path);
	if (r == 0 && !f) {
		f = find(d, "");
		snprintf(f->name, sizeof(f->name), "%s", path);
	}
	if (r == 0) {
		d->opens++;
		*ret_handle = f - d->file;
		*ret_size = f->bytes.n;
	}
	pthread_mutex_unlock(&d->lock);
	return r;
}

static int append(void *arg, intptr_t handle, const void *p, size_t n)
{
	struct disk *d = arg;
	size_t fits;

	pthread_mutex_lock(&d->lock);
	d->appends++;
	d->hanging++;
	pthread_cond_broadcast(&d->changed);
	while (d->hang)
		pthread_cond_wait(&d->changed, &d->lock);
	d->hanging--;
	fits = used(d) + n <= d->room ? n : used(d) < d->room ? d->room - used(d) : 0;
	buf_append(&d->file[handle].bytes, p, fits); /* as much as there is room for */
	pthread_mutex_unlock(&d->lock);
	return fits == n ? 0 : -ENOSPC;
}

static int truncate_file(void *arg, intptr_t handle, uint64_t size)
{
	struct disk *d = arg;

	pthread_mutex_lock(&d->lock);
	d->file[handle].bytes.n = size;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static void close_file(void *arg, intptr_t handle _unused_)
{
	struct disk *d = arg;

	pthread_mutex_lock(&d->lock);
	d->closes++;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

static int rename_file(void *arg, const char *from, const char *to)
{
	struct disk *d = arg;
	struct disk_file *f, *over;

	pthread_mutex_lock(&d->lock);
	f = find(d, from);
	over = f ? find(d, to) : NULL;
	if (over) {
		over->name[0] = '\0';
		buf_done(&over->bytes);
	}
	if (f) {
		snprintf(f->name, sizeof(f->name), "%s", to);
		d->renames++;
	}
	pthread_mutex_unlock(&d->lock);
	return f ? 0 : -ENOENT;
}

void disk_init(struct disk *d)
{
	*d = (struct disk){ .files = { .open = open_file,
				       .append = append,
				       .truncate = truncate_file,
				       .close = close_file,
				       .rename = rename_file,
				       .arg = d },
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .changed = PTHREAD_COND_INITIALIZER,
			    .room = SIZE_MAX };
}

void disk_done(struct disk *d)
{
	for (size_t i = 0; i < DISK_FILES; i++)
		buf_done(&d->file[i].bytes);
}

void disk_set_room(struct disk *d, size_t room)
{
	pthread_mutex_lock(&d->lock);
	d->room = room;
	pthread_mutex_unlock(&d->lock);
}

void disk_set_hang(struct disk *d, bool hang)
{
	pthread_mutex_lock(&d->lock);
	d->hang = hang;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

void disk_wait_hanging(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	while (!d->hanging)
		pthread_cond_wait(&d->changed, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

void disk_wait_closed(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	while (d->closes < d->opens)
		pthread_cond_wait(&d->changed, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

struct ovd_view disk_bytes(struct disk *d, const char *name)
{
	struct disk_file *f = find(d, name);

	return f ? buf_view(&f->bytes) : (struct ovd_view){ 0 };
}
