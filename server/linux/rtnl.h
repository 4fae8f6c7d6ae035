/* Rtnetlink, rtnetlink(7): several messages in one send, each acknowledged; questions with one
 * answer. */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/ip.h"

#define RTNL_BATCH_MAX 4096

/* Messages for one send. Room for all batches of this folder: a message that doesn't fit makes
 * rtnl_send fail with -EMSGSIZE. */
struct rtnl_batch {
	char bytes[RTNL_BATCH_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t n;
	size_t last; /* where the message that is being built begins */
	int count;
	bool overflow;
};

/* A socket in the calling thread's network namespace; negative errno. The caller closes it. */
int rtnl_open(void);

/* The same in another namespace, given by a descriptor of it and one of our own. Only on a thread
 * that nobody else counts on. Aborts if the thread can't come back. */
int rtnl_open_in(int netns, int own);

/* The kernel lets this process change the namespace of the socket; asked, and nothing changed. */
bool rtnl_may_change(int fd);

/* A message with its fixed part: ifinfomsg, ifaddrmsg, rtmsg, fib_rule_hdr. */
void rtnl_begin(struct rtnl_batch *b, uint16_t type, uint16_t flags, const void *fixed, size_t n);
void rtnl_put(struct rtnl_batch *b, uint16_t type, const void *data, size_t n);
void rtnl_put_u8(struct rtnl_batch *b, uint16_t type, uint8_t value);
void rtnl_put_u32(struct rtnl_batch *b, uint16_t type, uint32_t value);
void rtnl_put_text(struct rtnl_batch *b, uint16_t type, const char *text);
void rtnl_put_ip(struct rtnl_batch *b, uint16_t type, const struct ovd_ip *ip);

/* Attributes inside an attribute: begin returns where, for end. Raw bytes may follow begin
 * directly. */
size_t rtnl_nest(struct rtnl_batch *b, uint16_t type);
void rtnl_raw(struct rtnl_batch *b, const void *data, size_t n);
void rtnl_nest_end(struct rtnl_batch *b, size_t at);

/* Sends all messages at once and waits for their acknowledgements. 0, or the first error in the
 * order of the messages; the others were carried out or refused each on its own. What the kernel
 * said beside it goes to detail, PLAN_DETAIL_MAX bytes, if that is not NULL. The batch is empty
 * afterwards. */
int rtnl_send(int fd, struct rtnl_batch *b, char *detail);

/* Whether r may mean that an answer was lost: what was asked for may have been done. */
bool rtnl_lost(int r);

/* Sends the only message of the batch and calls each for every answer: a dump if it says
 * NLM_F_DUMP, asked again when the kernel says that it was interrupted, or an answer is lost (then
 * each sees things again, after restart was called). */
int rtnl_ask(int fd, struct rtnl_batch *b, void (*each)(void *arg, const struct nlmsghdr *answer),
	     void (*restart)(void *arg), void *arg);

/* What NLMSG_ERROR or NLMSG_DONE says: 0 or a negative errno. A dump that fails half-way says so at
 * its end (netlink_dump_done, linux/net/netlink/af_netlink.c). */
int rtnl_result(const struct nlmsghdr *end);

/* AF_INET or AF_INET6. */
uint8_t rtnl_family(const struct ovd_ip *ip);
