/* What goes wrong between the daemon and the kernel's netlink, or wireguard-go. */
#pragma once

#include "tests/crash/trace.h"

enum fault_kind {
	FAULT_NOT_SENT,    /* the request can't be sent */
	FAULT_REFUSED,     /* netlink: nothing is done, and this is the answer */
	FAULT_LOST,        /* all is done, and the answer is lost */
	FAULT_EINTR,       /* a signal comes while the answer is waited for */
	FAULT_INTERRUPTED, /* netlink: a dump says that something changed meanwhile */
	FAULT_TRUNCATED,   /* netlink: a part of a dump doesn't fit */
};

struct fault {
	enum fault_kind kind;
	int error; /* NOT_SENT, REFUSED */
	const char *name;
};

/* One fault at one request, for trace's `look`. */
struct fault_at {
	const struct fault *fault;
	unsigned point, n; /* the n-th request is the point */
	bool hit, done;    /* filled: the point came; the fault did */
	struct trace_call request;
	struct {
		uint64_t at;
		size_t n;
		char bytes[65536];
	} kept; /* own: the request as it was */
};

bool fault_look(void *arg, const struct trace_call *call);
