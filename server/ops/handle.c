#include "server/ops/handle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/owner.h"

#define NETNS_ID_MAX 32

static int parse_id(struct call *call, const char *field, struct ovd_view id, enum handle_kind kind,
		    struct owner *ret)
{
	if (id.n == 0 || id.n > HANDLE_ID_MAX || memchr(id.p, '\0', id.n)) {
		call_refuse(call, -EINVAL, field, "it has 1 to %d bytes, none of them 0",
			    HANDLE_ID_MAX);
		return -EINVAL;
	}
	*ret = (struct owner){ .netns = -1, .kind = kind, .id = id };
	return 0;
}

static int parse_path(struct call *call, struct ovd_view path, struct owner *ret)
{
	static const struct ovd_view by_fd = VIEW_LITERAL(NETNS_BY_FD);

	if ((path.n > 1 && path.p[0] == '/') ||
	    (path.n > by_fd.n && memcmp(path.p, by_fd.p, by_fd.n) == 0))
		return parse_id(call, "handle.path", path, HANDLE_NETNS, ret);
	call_refuse(call, -EINVAL, "handle.path", "\"%.*s\" is not an absolute path", VIEW(path));
	return -EINVAL;
}

static int refuse_fd(struct call *call, uint32_t fd, int r)
{
	call_refuse(call, r == -ENOTTY || r == -EBADF ? -EINVAL : r, "handle.fd", "%u: %s", fd,
		    r == -EBADF    ? "the request came with no such descriptor"
		    : r == -ENOTTY ? "it is neither a network namespace nor a process"
		    : r == -ESRCH  ? "the process has ended"
		    : r == -EINVAL ? "it is the daemon's own network namespace"
				   : strerror(-r));
	return -EINVAL;
}

static int parse_fd(struct call *call, uint32_t fd, struct owner *ret)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	const struct net *net = call->daemon->net;
	int r = call_fd(call, fd), given = r;
	char *id;

	if (r >= 0)
		r = net->fd_open(net->platform, given, &owner);
	if (r < 0)
		return refuse_fd(call, fd, r);
	*ret = (struct owner){ .netns_dev = owner.netns_dev,
			       .netns_ino = owner.netns_ino,
			       .start_time = owner.start_time,
			       .pid = owner.pid,
			       .netns = given,
			       .kind = owner.pid ? HANDLE_PID : HANDLE_NETNS };
	if (owner.pid)
		return 0;
	id = arena_alloc(call->arena, NETNS_ID_MAX);
	if (!id) {
		call_fail(call, -ENOMEM, "handle: no memory");
		return -EINVAL;
	}
	snprintf(id, NETNS_ID_MAX, NETNS_BY_FD "%" PRIu64 "]", owner.netns_ino);
	ret->id = view(id);
	return 0;
}

static int not_built(struct call *call, const char *what)
{
	ovd_op_not_built(call, what);
	return -EINVAL;
}

int handle_parse(struct call *call, const struct ovd_attach_handle *handle, struct owner *ret)
{
	switch (handle->kind) {
	case OVD_ATTACH_HANDLE_LINUX_PID:
		*ret = (struct owner){ .netns = -1, .pid = handle->linux_pid.pid };
		return 0;
	case OVD_ATTACH_HANDLE_LINUX_NETNS:
		return parse_path(call, handle->linux_netns.path, ret);
	case OVD_ATTACH_HANDLE_LINUX_FD:
		return parse_fd(call, handle->linux_fd.fd, ret);
	case OVD_ATTACH_HANDLE_WINDOWS_CONTAINER:
		return not_built(call, "handle windows_container");
	case OVD_ATTACH_HANDLE_GUEST_MANAGED:
		return parse_id(call, "handle.id", handle->guest_managed.id, HANDLE_GUEST, ret);
	case OVD_ATTACH_HANDLE_HOST_SHARED:
		return parse_id(call, "handle.id", handle->host_shared.id, HANDLE_HOST, ret);
	}
	return -EINVAL;
}

struct ovd_attach_handle handle_of(const struct owner *owner)
{
	struct ovd_attach_handle handle = { .kind = OVD_ATTACH_HANDLE_LINUX_PID };

	switch (owner->kind) {
	case HANDLE_PID:
		handle.linux_pid.pid = owner->pid;
		break;
	case HANDLE_NETNS:
		handle.kind = OVD_ATTACH_HANDLE_LINUX_NETNS;
		handle.linux_netns.path = owner->id;
		break;
	case HANDLE_GUEST:
		handle.kind = OVD_ATTACH_HANDLE_GUEST_MANAGED;
		handle.guest_managed.id = owner->id;
		break;
	case HANDLE_HOST:
		handle.kind = OVD_ATTACH_HANDLE_HOST_SHARED;
		handle.host_shared.id = owner->id;
		break;
	}
	return handle;
}

const char *handle_name(const struct owner *owner, char text[HANDLE_NAME_MAX])
{
	static const char *const kinds[] = {
		[HANDLE_NETNS] = "netns",
		[HANDLE_GUEST] = "guest",
		[HANDLE_HOST] = "host process",
	};

	if (owner->kind == HANDLE_PID)
		snprintf(text, HANDLE_NAME_MAX, "pid %u", owner->pid);
	else
		snprintf(text, HANDLE_NAME_MAX, "%s %.*s", kinds[owner->kind], VIEW(owner->id));
	return text;
}
