/* The log forwarding as tests run it. */
#pragma once

#include <pthread.h>

#include "server/guest/log_forward.h"
#include "tests/server/guest/disk.h"
#include "tests/server/guest/streams.h"

#define FILE_RAW  "dir/gcs-forward.log"
#define FILE_JSON "dir/gcs-forward.jsonl"

/* A listener on a disk in memory, and what it told. */
struct bench {
	struct disk disk;
	struct streams streams;
	struct log_forward_options options;
	struct log_forward *forward;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned n[LOG_FORWARD_DEAF + 1]; /* of each event */
	uint64_t sum[LOG_FORWARD_DEAF + 1], last[LOG_FORWARD_DEAF + 1];
	bool stop_when_told;
};

/* Between these two the options may be changed; or both. */
void bench_init(struct bench *b);
void bench_start(struct bench *b);
void bench_open(struct bench *b);

/* Stops and frees; what was told and the disk stay. */
void bench_stop(struct bench *b);

/* Until it was told so often. */
void wait_for(struct bench *b, enum log_forward_event event, unsigned n);

/* What a guest sends. */
void say(struct transport *guest, const char *text);
