#include "tests/crash/fault.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

#define CONTROL_DIR  "/run/wireguard/"
#define NO_SUCH_TYPE 0xff /* of a message, in rtnetlink and in nftables */

/* ---- who talks to whom ---- */

static bool is_request(const struct trace_call *call)
{
	return call->nr == SYS_sendto || call->nr == SYS_sendmsg || call->nr == SYS_write;
}

static bool is_answer(const struct trace_call *call)
{
	return call->nr == SYS_recvfrom || call->nr == SYS_recvmsg || call->nr == SYS_read;
}

/* A copy of the descriptor that a call is about. */
static int copy_descriptor(const struct trace_call *call)
{
	_cleanup_(fd_closep) int pidfd = -1;
	char path[64], line[128] = "";
	int tgid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)call->tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "Tgid: %d", &tgid) != 1)
		continue;
	if (file)
		fclose(file);
	pidfd = (int)syscall(SYS_pidfd_open, tgid, 0);
	return pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)call->args[0], 0);
}

static bool is_device(int fd)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &n) == 0 &&
	       n > offsetof(struct sockaddr_un, sun_path) && strstr(peer.sun_path, CONTROL_DIR);
}

static bool is_netlink(const struct trace_call *call)
{
	_cleanup_(fd_closep) int fd = copy_descriptor(call);
	int domain = 0;
	socklen_t n = sizeof(domain);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	return domain == AF_NETLINK;
}

static bool is_for_kernel(const struct trace_call *call)
{
	_cleanup_(fd_closep) int fd = copy_descriptor(call);

	return is_netlink(call) || is_device(fd);
}

/* ---- bytes ---- */

/* Where they are: the call's own buffer, or the only one that its msghdr names. */
static uint64_t bytes_of(const struct trace_call *call, size_t *ret_n)
{
	struct msghdr head;
	struct iovec bytes;

	if (call->nr != SYS_sendmsg && call->nr != SYS_recvmsg) {
		*ret_n = call->args[2];
		return call->args[1];
	}
	trace_read(call, call->args[1], &head, sizeof(head));
	trace_read(call, (uint64_t)(uintptr_t)head.msg_iov, &bytes, sizeof(bytes));
	*ret_n = bytes.iov_len;
	return (uint64_t)(uintptr_t)bytes.iov_base;
}

static void each_message(char *bytes, size_t n, void (*each)(void *arg, struct nlmsghdr *head),
			 void *arg)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)bytes;

	for (int left = (int)n; NLMSG_OK(head, (unsigned)left); head = NLMSG_NEXT(head, left))
		each(arg, head);
}

/* ---- requests ---- */

static void make_unknown(void *arg _unused_, struct nlmsghdr *head)
{
	if (head->nlmsg_type >= NLMSG_MIN_TYPE && head->nlmsg_type != NFNL_MSG_BATCH_BEGIN &&
	    head->nlmsg_type != NFNL_MSG_BATCH_END)
		head->nlmsg_type |= NO_SUCH_TYPE;
}

static void spoil_request(struct fault_at *f, const struct trace_call *call)
{
	char bytes[sizeof(f->kept.bytes)];

	f->kept.at = bytes_of(call, &f->kept.n);
	if (f->kept.n > sizeof(bytes))
		return;
	trace_read(call, f->kept.at, f->kept.bytes, f->kept.n);
	memcpy(bytes, f->kept.bytes, f->kept.n);
	each_message(bytes, f->kept.n, make_unknown, NULL);
	trace_write(call, f->kept.at, bytes, f->kept.n);
}

static void begin(struct fault_at *f, const struct trace_call *call)
{
	f->hit = true;
	f->request = *call;
	if (f->fault->kind == FAULT_NOT_SENT)
		trace_set_result(call, 0);
	if (f->fault->kind == FAULT_REFUSED) {
		if (is_netlink(call))
			spoil_request(f, call);
		else
			f->done = true;
	}
}

static void request_made(struct fault_at *f, const struct trace_call *call)
{
	if (f->fault->kind == FAULT_NOT_SENT) {
		trace_set_result(call, -f->fault->error);
		f->done = true;
	}
	if (f->fault->kind == FAULT_REFUSED && f->kept.n <= sizeof(f->kept.bytes))
		trace_write(call, f->kept.at, f->kept.bytes, f->kept.n);
}

/* ---- answers ---- */

static void set_error(void *arg, struct nlmsghdr *head)
{
	const struct fault_at *f = arg;
	struct nlmsgerr *error = NLMSG_DATA(head);

	if (head->nlmsg_type == NLMSG_ERROR && error->error < 0)
		error->error = -f->fault->error;
}

static void set_interrupted(void *arg, struct nlmsghdr *head)
{
	struct fault_at *f = arg;

	if (head->nlmsg_flags & NLM_F_MULTI) {
		head->nlmsg_flags |= NLM_F_DUMP_INTR;
		f->done = true;
	}
}

static void change_answer(struct fault_at *f, const struct trace_call *call,
			  void (*each)(void *arg, struct nlmsghdr *head))
{
	char bytes[sizeof(f->kept.bytes)];
	size_t room, n = (size_t)call->r;
	uint64_t at = bytes_of(call, &room);

	n = MIN(MIN(n, room), sizeof(bytes));
	trace_read(call, at, bytes, n);
	each_message(bytes, n, each, f);
	trace_write(call, at, bytes, n);
}

/* recv says how long it was, recvmsg that it was longer. */
static void cut_answer(struct fault_at *f, const struct trace_call *call)
{
	struct msghdr head;

	change_answer(f, call, set_interrupted);
	if (!f->done)
		return;
	if (call->nr == SYS_recvmsg) {
		trace_read(call, call->args[1], &head, sizeof(head));
		head.msg_flags |= MSG_TRUNC;
		trace_write(call, call->args[1], &head, sizeof(head));
	} else {
		trace_set_result(call, 1 << 20);
	}
}

static void answer_made(struct fault_at *f, const struct trace_call *call)
{
	if (call->r <= 0 && f->fault->kind != FAULT_EINTR)
		return;
	switch (f->fault->kind) {
	case FAULT_NOT_SENT:
		break;
	case FAULT_REFUSED:
		change_answer(f, call, set_error);
		break;
	case FAULT_LOST:
		trace_set_result(call, -ENOBUFS);
		f->done = true;
		break;
	case FAULT_EINTR:
		trace_set_result(call, -EINTR);
		f->done = true;
		break;
	case FAULT_INTERRUPTED:
		if (is_netlink(call))
			change_answer(f, call, set_interrupted);
		break;
	case FAULT_TRUNCATED:
		if (is_netlink(call))
			cut_answer(f, call);
		break;
	}
}

/* ---- together ---- */

static void follow(struct fault_at *f, const struct trace_call *call)
{
	bool same = call->args[0] == f->request.args[0];

	if (same && is_request(call) && call->made && call->args[1] == f->request.args[1])
		request_made(f, call);
	else if (is_request(call) && !call->made && same)
		f->done = true; /* the next one */
	else if (same && is_answer(call) && call->made)
		answer_made(f, call);
	else if (same && is_answer(call) && f->fault->kind == FAULT_EINTR)
		trace_set_result(call, 0);
}

bool fault_look(void *arg, const struct trace_call *call)
{
	struct fault_at *f = arg;

	if (f->done)
		return false;
	if (f->hit) {
		if (call->tid == f->request.tid)
			follow(f, call);
		return false;
	}
	if (!call->made && is_request(call) && is_for_kernel(call) && f->n++ == f->point)
		begin(f, call);
	return false;
}
