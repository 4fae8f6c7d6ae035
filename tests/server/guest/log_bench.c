#include "tests/server/guest/log_bench.h"

#include "tests/check.h"

static void on_news(void *arg, const struct log_forward_news *news)
{
	struct bench *b = arg;

	pthread_mutex_lock(&b->lock);
	b->n[news->event]++;
	b->sum[news->event] += news->n;
	b->last[news->event] = news->n;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (b->stop_when_told && news->event == LOG_FORWARD_CAME)
		log_forward_stop(b->forward);
}

void wait_for(struct bench *b, enum log_forward_event event, unsigned n)
{
	pthread_mutex_lock(&b->lock);
	while (b->n[event] < n)
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
}

void bench_init(struct bench *b)
{
	*b = (struct bench){ .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	disk_init(&b->disk);
	b->options = log_forward_defaults;
	b->options.dir = "dir";
	b->options.files = &b->disk.files;
	b->options.tell = on_news;
	b->options.arg = b;
	b->options.drain_ms = 10000; /* tests wait for nothing but what must come */
}

void bench_start(struct bench *b)
{
	CHECK_INT(streams_open(&b->streams, STREAMS_BEST), 0);
	CHECK_INT(log_forward_start(&b->options, b->streams.listener, &b->forward), 0);
	b->streams.listener = NULL;
}

void bench_open(struct bench *b)
{
	bench_init(b);
	bench_start(b);
}

void bench_stop(struct bench *b)
{
	log_forward_free(b->forward);
	b->forward = NULL;
	streams_close(&b->streams);
}

void say(struct transport *guest, const char *text)
{
	CHECK_INT(transport_send(guest, text, strlen(text), 10000), 0);
}
