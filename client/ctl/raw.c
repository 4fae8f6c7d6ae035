#include "client/ctl/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/help.h"

static int read_input(struct buf *b)
{
	ssize_t n;

	do {
		if (buf_reserve(b, 65536) < 0)
			return -ENOMEM;
		n = read(STDIN_FILENO, b->p + b->n, b->cap - b->n);
		b->n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

int raw_run(struct ovd_client *client, const char *text, unsigned timeout_ms)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	struct ovd_view answer;
	int r = text ? buf_text(&body, text) : read_input(&body);

	if (r == 0 && !memmem(body.p, body.n, "\"frame\"", 7)) {
		_cleanup_(buf_done) struct buf request = body;

		body = (struct buf){ .p = NULL };
		r = buf_printf(&body, "{\"frame\":\"request\",\"id\":1,\"request\":%.*s}",
			       VIEW(buf_view(&request)));
	}
	if (r == 0)
		r = ovd_client_raw(client, buf_view(&body), timeout_ms, &answer);
	if (r == 0) {
		printf("%.*s\n", VIEW(answer));
		return EXIT_OK;
	}
	fprintf(stderr, "overlayctl: %s\n", strerror(-r));
	return r == -ETIMEDOUT ? EXIT_TIMEOUT : r == -EPROTO ? EXIT_PROTOCOL : EXIT_CONNECTION;
}
