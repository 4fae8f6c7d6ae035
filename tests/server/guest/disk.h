/* A disk that fails, hangs and remembers: in memory. */
#pragma once

#include <pthread.h>

#include "runtime/buf.h"
#include "server/guest/sink_files.h"

#define DISK_FILES 8

struct disk_file {
	char name[64]; /* "": none */
	struct buf bytes;
};

struct disk {
	struct sink_files files;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct disk_file file[DISK_FILES];
	size_t room;      /* in all files together */
	int open_error;   /* of the next opens; 0: none */
	bool hang;        /* append does not return */
	unsigned hanging; /* in it just now */
	unsigned opens, closes, appends, renames;
};

void disk_init(struct disk *d);
void disk_done(struct disk *d);

/* Under its own lock. */
void disk_set_room(struct disk *d, size_t room);
void disk_set_hang(struct disk *d, bool hang);
void disk_wait_hanging(struct disk *d);
void disk_wait_closed(struct disk *d);

/* A file's bytes; {NULL} if there is none. Nobody may write. */
struct ovd_view disk_bytes(struct disk *d, const char *name);
