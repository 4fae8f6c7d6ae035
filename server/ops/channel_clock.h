/* What an open channel is asked, and how long that may take: channel.c's own part, whose header
 * says what comes of it. */
#pragma once

#include "server/ops/channel.h"

/* Nothing is asked yet. NULL: no memory. Frees it with the loop's next turn; what is outstanding
 * has ended before. */
struct channel_clock *clock_new(struct channel *c);
void clock_free(struct channel_clock *clock);

/* What may be otherwise in the device is told first. */
void clock_tell_doubts(struct channel *c);

/* Asks for a change, or for a look if there is none. As tunnel_ops->set does; -ENOTCONN without a
 * tunnel, -ETIMEDOUT while an answer that was given up is awaited. */
int clock_ask(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait);

/* The device gave a sign of life by this channel, or by another way: then one that is late answers
 * soon, or has lost what it was asked. */
void clock_heard(struct channel_clock *clock);
void clock_heard_elsewhere(struct channel_clock *clock);
