#include "server/linux/rtnl.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/util.h"
#include "server/engine/plan.h"

#define ANSWER_MAX 65536 /* the kernel makes dumps of up to 32 KiB */
#define DUMP_TRIES 16

uint8_t rtnl_family(const struct ovd_ip *ip)
{
	return ip->len == 4 ? AF_INET : AF_INET6;
}

int rtnl_open(void)
{
	_cleanup_(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const int on = 1;
	int r;

	if (fd < 0)
		return -errno;
	/* since Linux 4.12 and 4.20; without them errors are merely less clear, and dumps longer */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	r = fd;
	fd = -1;
	return r;
}

int rtnl_open_in(int netns, int own)
{
	int fd;

	if (setns(netns, CLONE_NEWNET) < 0)
		return -errno;
	fd = rtnl_open();
	if (setns(own, CLONE_NEWNET) < 0)
		abort(); /* all that the thread does from now on would be done to the container */
	return fd;
}

/* ---- building ---- */

static void *append(struct rtnl_batch *b, const void *data, size_t n)
{
	char *at = b->bytes + b->n;

	if (b->n + NLMSG_ALIGN(n) > sizeof(b->bytes)) {
		b->overflow = true;
		return NULL;
	}
	memset(at, 0, NLMSG_ALIGN(n));
	if (n > 0)
		memcpy(at, data, n);
	b->n += NLMSG_ALIGN(n);
	return at;
}

static void set_length(struct rtnl_batch *b)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)(b->bytes + b->last);

	head->nlmsg_len = (uint32_t)(b->n - b->last);
}

void rtnl_begin(struct rtnl_batch *b, uint16_t type, uint16_t flags, const void *fixed, size_t n)
{
	struct nlmsghdr head = { .nlmsg_type = type,
				 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				 .nlmsg_seq = (uint32_t)b->count };
	size_t at = b->n;

	if (!append(b, &head, sizeof(head)) || !append(b, fixed, n))
		return;
	b->last = at;
	b->count++;
	set_length(b);
}

void rtnl_put(struct rtnl_batch *b, uint16_t type, const void *data, size_t n)
{
	struct rtattr head = { .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(n) };

	if (append(b, &head, sizeof(head)) && append(b, data, n))
		set_length(b);
}

void rtnl_put_u8(struct rtnl_batch *b, uint16_t type, uint8_t value)
{
	rtnl_put(b, type, &value, sizeof(value));
}

void rtnl_put_u32(struct rtnl_batch *b, uint16_t type, uint32_t value)
{
	rtnl_put(b, type, &value, sizeof(value));
}

void rtnl_put_text(struct rtnl_batch *b, uint16_t type, const char *text)
{
	rtnl_put(b, type, text, strlen(text) + 1);
}

void rtnl_put_ip(struct rtnl_batch *b, uint16_t type, const struct ovd_ip *ip)
{
	rtnl_put(b, type, ip->b, ip->len);
}

size_t rtnl_nest(struct rtnl_batch *b, uint16_t type)
{
	size_t at = b->n;

	rtnl_put(b, type, NULL, 0);
	return at;
}

void rtnl_raw(struct rtnl_batch *b, const void *data, size_t n)
{
	if (append(b, data, n))
		set_length(b);
}

void rtnl_nest_end(struct rtnl_batch *b, size_t at)
{
	struct rtattr *head = (struct rtattr *)(void *)(b->bytes + at);

	if (!b->overflow)
		head->rta_len = (uint16_t)(b->n - at);
}

/* ---- asking ---- */

/* The text that an extended acknowledgement carries, netlink(7). */
static void read_detail(const struct nlmsghdr *head, char *detail)
{
	const struct nlmsgerr *error = NLMSG_DATA(head);
	size_t at = NLMSG_LENGTH(sizeof(*error)), n;

	if (!detail || detail[0] || !(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(struct nlmsghdr);
	for (; at + sizeof(struct rtattr) <= head->nlmsg_len; at += RTA_ALIGN(n)) {
		const struct rtattr *a =
			(const struct rtattr *)(const void *)((const char *)head + at);

		n = a->rta_len;
		if (n < sizeof(*a) || at + n > head->nlmsg_len)
			return;
		if (a->rta_type == NLMSGERR_ATTR_MSG)
			snprintf(detail, PLAN_DETAIL_MAX, "%.*s", (int)(n - sizeof(*a)),
				 (const char *)RTA_DATA(a));
	}
}

static ssize_t receive(int fd, char *bytes, size_t room)
{
	ssize_t n;

	do
		n = recv(fd, bytes, room, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n > room ? -EMSGSIZE : n;
}

/* Answers that nobody waits for any more: the next question would take them for its own. The kernel
 * has put all of them there by the time it is asked for one. */
static void forget_answers(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == EINTR ||
	       errno == ENOBUFS)
		continue;
}

static int send_all(int fd, const struct rtnl_batch *b)
{
	ssize_t n;

	if (b->overflow)
		return -EMSGSIZE;
	if (b->n == 0)
		return 0; /* the kernel refuses to read nothing */
	do
		n = send(fd, b->bytes, b->n, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void ask_for_acks(struct rtnl_batch *b)
{
	for (size_t at = 0; !b->overflow && at < b->n;) { /* half a message has no length */
		struct nlmsghdr *head = (struct nlmsghdr *)(void *)(b->bytes + at);

		head->nlmsg_flags |= NLM_F_ACK;
		at += NLMSG_ALIGN(head->nlmsg_len);
	}
}

/* Acknowledgements come one by one, in the order of the messages. */
static int collect_acks(int fd, int count, char *detail)
{
	char bytes[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	int first = 0;

	while (count > 0) {
		ssize_t n = receive(fd, bytes, sizeof(bytes));

		if (n < 0) {
			forget_answers(fd);
			return (int)n;
		}
		for (struct nlmsghdr *head = (struct nlmsghdr *)(void *)bytes;
		     NLMSG_OK(head, (size_t)n); head = NLMSG_NEXT(head, n)) {
			const struct nlmsgerr *error = NLMSG_DATA(head);

			if (head->nlmsg_type != NLMSG_ERROR)
				continue;
			count--;
			if (error->error && !first) {
				first = error->error;
				read_detail(head, detail);
			}
		}
	}
	return first;
}

int rtnl_send(int fd, struct rtnl_batch *b, char *detail)
{
	int count = b->count, r;

	ask_for_acks(b);
	r = send_all(fd, b);
	if (r == 0)
		r = collect_acks(fd, count, detail);
	b->n = b->last = 0;
	b->count = 0;
	b->overflow = false;
	return r;
}

struct answers {
	void (*each)(void *arg, const struct nlmsghdr *answer);
	void *arg;
	bool done, interrupted;
	int r;
};

int rtnl_result(const struct nlmsghdr *end)
{
	int r;

	if (end->nlmsg_len < NLMSG_LENGTH(sizeof(r)))
		return end->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&r, NLMSG_DATA(end), sizeof(r));
	return MIN(r, 0);
}

static void take_answers(struct answers *a, struct nlmsghdr *head, size_t n)
{
	for (; NLMSG_OK(head, n); head = NLMSG_NEXT(head, n)) {
		a->interrupted |= head->nlmsg_flags & NLM_F_DUMP_INTR;
		if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE)
			a->r = rtnl_result(head);
		if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE) {
			a->done = true;
			continue;
		}
		a->each(a->arg, head);
		a->done |= !(head->nlmsg_flags & NLM_F_MULTI);
	}
}

static int ask_once(int fd, const struct rtnl_batch *b, struct answers *a)
{
	_cleanup_(freep) char *bytes = malloc(ANSWER_MAX);
	int r = bytes ? send_all(fd, b) : -ENOMEM;

	while (r == 0 && !a->done) {
		ssize_t n = receive(fd, bytes, ANSWER_MAX);

		if (n < 0) {
			forget_answers(fd);
			return (int)n;
		}
		take_answers(a, (struct nlmsghdr *)(void *)bytes, (size_t)n);
	}
	return r < 0 ? r : a->r;
}

bool rtnl_lost(int r)
{
	return r == -ENOBUFS || r == -EAGAIN;
}

int rtnl_ask(int fd, struct rtnl_batch *b, void (*each)(void *arg, const struct nlmsghdr *answer),
	     void (*restart)(void *arg), void *arg)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct answers a = { .each = each, .arg = arg };
		int r = ask_once(fd, b, &a);

		if (!rtnl_lost(r) && (r < 0 || !a.interrupted))
			return r;
		if (restart)
			restart(arg);
	}
	return -EINTR;
}

/* A change of no link: who may not is told so before it is looked at. */
bool rtnl_may_change(int fd)
{
	const struct ifinfomsg none = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_SETLINK, 0, &none, sizeof(none));
	return rtnl_send(fd, &b, NULL) != -EPERM;
}
