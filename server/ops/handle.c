#include "server/ops/handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/ops/later.h"

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
	if (path.n > 1 && path.p[0] == '/')
		return parse_id(call, "handle.path", path, HANDLE_NETNS, ret);
	call_refuse(call, -EINVAL, "handle.path", "\"%.*s\" is not an absolute path", VIEW(path));
	return -EINVAL;
}

static int not_built(struct call *call, const char *what)
{
	later(call, what);
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
