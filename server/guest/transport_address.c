#include <errno.h>

#include "runtime/number.h"
#include "server/guest/transport.h"

/* What follows a prefix; NULL: another one. */
static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static int port(const char *text, uint64_t max, uint32_t *ret)
{
	uint64_t value;

	if (u64_parse(view(text), max, &value) < 0 || value == 0)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

int transport_address_parse(const char *text, struct transport_address *ret)
{
	const char *rest;

	if ((rest = behind(text, "unix:"))) {
		*ret = (struct transport_address){ .kind = TRANSPORT_UNIX, .path = rest };
		return *rest ? 0 : -EINVAL;
	}
	if ((rest = behind(text, "tcp:127.0.0.1:"))) {
		ret->kind = TRANSPORT_TCP;
		return port(rest, UINT16_MAX, &ret->port);
	}
	if ((rest = behind(text, "vsock:"))) {
		ret->kind = TRANSPORT_VSOCK;
		return port(rest, UINT32_MAX - 1, &ret->port);
	}
	return -EINVAL;
}
