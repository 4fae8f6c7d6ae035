#include "client/ctl/list_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/file.h"
#include "runtime/frame.h"
#include "runtime/json_scan.h"

static int read_all(FILE *file, struct buf *out)
{
	size_t n = 1;

	while (n > 0 && out->n <= FRAME_BODY_MAX) {
		if (buf_reserve(out, BUF_KEPT) < 0)
			return -ENOMEM;
		n = fread(out->p + out->n, 1, out->cap - out->n, file);
		out->n += n;
	}
	if (ferror(file))
		return -EIO;
	return out->n > FRAME_BODY_MAX ? -EFBIG : 0;
}

static int read_file(const char *path, struct buf *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : file_open(path);
	int r = file ? read_all(file, out) : -errno;

	if (file && !is_stdin)
		fclose(file);
	return r == 0 ? buf_append(out, "", 1) : r;
}

/* One list, and nothing behind it: what is between its brackets. Its items are the decoder's to
 * judge. */
static int find_items(const char *text, struct ovd_view *ret)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct json_scan s = { .start = text, .p = text, .arena = &arena, .fault = &fault };
	const char *from;

	scan_blanks(&s);
	from = s.p + 1;
	if (*s.p != '[' || scan_skip(&s) < 0)
		return -EBADMSG;
	*ret = (struct ovd_view){ .p = from, .n = (size_t)(s.p - from - 1) };
	scan_blanks(&s);
	return *s.p ? -EBADMSG : 0;
}

static int put_items(struct buf *out, const struct buf *text)
{
	struct ovd_view items;
	int r = find_items(text->p, &items);

	return r == 0 ? buf_append(out, items.p, items.n) : r;
}

/* What the scanner reads must be readable behind its end. */
int list_text_put(struct buf *out, const char *text)
{
	_cleanup_(buf_done) struct buf readable = { .p = NULL };
	int r = buf_append(&readable, text, strlen(text) + 1);

	return r == 0 ? put_items(out, &readable) : r;
}

int list_file_put(struct buf *out, const char *path)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };
	int r = read_file(path, &text);

	return r == 0 ? put_items(out, &text) : r;
}
