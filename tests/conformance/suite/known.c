#include "tests/conformance/suite/known.h"

#include "tests/conformance/suite/file.h"

static struct ovd_view trimmed(struct ovd_view text)
{
	while (text.n > 0 && (*text.p == ' ' || *text.p == '\t')) {
		text.p++;
		text.n--;
	}
	while (text.n > 0 && strchr(" \t\r", text.p[text.n - 1]))
		text.n--;
	return text;
}

static int mark(struct results *all, struct ovd_view line, struct buf *fault)
{
	struct ovd_view id = line, reason;
	struct result *result;

	id.n = 0;
	while (id.n < line.n && line.p[id.n] != ' ' && line.p[id.n] != '\t')
		id.n++;
	reason = trimmed((struct ovd_view){ line.p + id.n, line.n - id.n });
	result = results_find(all, id);
	if (!result)
		buf_printf(fault, "no check is called %.*s", VIEW(id));
	else if (reason.n == 0)
		buf_printf(fault, "%s: the reason is missing", result->id);
	else if (result->known)
		buf_printf(fault, "%s stands twice", result->id);
	else
		result->known = arena_copy(&all->arena, reason.p, reason.n);
	return fault->n > 0 ? -EINVAL : result->known ? 0 : -ENOMEM;
}

int known_load(const char *path, struct results *all, struct buf *fault)
{
	_cleanup_(buf_done) struct buf file = { .p = NULL };
	struct ovd_view rest, line;
	int r = file_read(path, &file);

	for (rest = buf_view(&file); r == 0 && file_line(&rest, &line);) {
		line = trimmed(line);
		if (line.n > 0 && *line.p != '#')
			r = mark(all, line, fault);
	}
	return r;
}
