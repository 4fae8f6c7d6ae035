/* Packets from one container to another, a thousand a second. */
#pragma once

#include "tests/server/linux/host.h"

struct stream;

/* Begins, and returns when the first one has come. */
struct stream *stream_start(const struct guest *from, const struct guest *to, const char *ip);

/* They may come to this one as well; it listens when this returns. */
void stream_also_to(struct stream *s, const struct guest *to);

/* Ends; each packet has come, and some to each. */
void stream_stop(struct stream *s);
