#include "client/ctl/exit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/ctl/print.h"

int exit_answer(const struct ovd_response *response, bool json)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	if (json && ovd_response_encode(response, &text) == 0)
		print_json(stdout, buf_view(&text));
	if (response->kind == OVD_RESPONSE_ERR) {
		if (!json) {
			fputs("overlayctl: ", stderr);
			print_text(stderr, response->err.message);
		}
		return EXIT_ERR;
	}
	if (!json)
		print_response(stdout, response, time(NULL));
	return EXIT_OK;
}

int exit_failed(int r, const struct ovd_client *client)
{
	switch (r) {
	case -ETIMEDOUT:
		fprintf(stderr, "overlayctl: no answer in time\n");
		return EXIT_TIMEOUT;
	case -EPROTO:
		fprintf(stderr, "overlayctl: an answer that is none: %s\n",
			ovd_client_fault(client));
		return EXIT_PROTOCOL;
	case -EINVAL:
	case -EMSGSIZE:
	case -EBADF: /* a descriptor that it was to be about */
	case -ENOTSUP:
		fprintf(stderr, "overlayctl: can't be sent: %s\n", strerror(-r));
		return EXIT_USAGE;
	case -ECONNRESET:
		fprintf(stderr, "overlayctl: the daemon closed the connection\n");
		return EXIT_CONNECTION;
	default:
		fprintf(stderr, "overlayctl: %s\n", strerror(-r));
		return EXIT_CONNECTION;
	}
}

void exit_unreachable(const char *path, int r)
{
	const char *advice = "";

	if (r == -ENOENT || r == -ECONNREFUSED)
		advice = "; start overlayd, or say where it is with --socket or --data-dir";
	if (r == -EACCES)
		advice = "; ask as root, or as a member of its group, zlayer";
	fprintf(stderr, "overlayctl: no daemon at %s: %s%s\n", path, strerror(-r), advice);
}
