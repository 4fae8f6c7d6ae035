#include "server/ipc/passed.h"

#include <errno.h>
#include <string.h>

#include "runtime/util.h"

static void put(struct passed *p, int fd, size_t last)
{
	if (p->n < ARRAY_SIZE(p->list)) {
		p->list[p->n++] = (struct passed_one){ .fd = fd, .last = last };
		return;
	}
	fd_closep(&fd);
	fd_closep(&p->list[p->n - 1].fd);
}

void passed_add(struct passed *p, const struct wire_fds *fds, size_t pending)
{
	for (unsigned i = 0; i < fds->n; i++)
		put(p, fds->fd[i], pending);
	if (fds->more)
		put(p, -1, pending);
}

void passed_begin(struct passed *p, size_t size)
{
	p->too_many = false;
	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].last > size) {
			p->list[i].last -= size;
			continue;
		}
		p->n_frame++;
		p->too_many |= p->list[i].fd < 0 || p->n_frame > WIRE_FDS_MAX;
	}
}

int passed_get(struct passed *p, uint32_t i)
{
	if (i >= p->n_frame || p->list[i].fd < 0)
		return -EBADF;
	p->list[i].used = true;
	return p->list[i].fd;
}

unsigned passed_end(struct passed *p)
{
	unsigned unused = 0;

	if (p->n_frame == 0)
		return 0;
	for (size_t i = 0; i < p->n_frame; i++) {
		unused += !p->list[i].used;
		fd_closep(&p->list[i].fd);
	}
	p->n -= p->n_frame;
	memmove(p->list, p->list + p->n_frame, p->n * sizeof(*p->list));
	p->n_frame = 0;
	return unused;
}

void passed_done(struct passed *p)
{
	for (size_t i = 0; i < p->n; i++)
		fd_closep(&p->list[i].fd);
	p->n = p->n_frame = 0;
}
