#include "runtime/fault.h"

#include <stdarg.h>
#include <stdio.h>

/* What is quoted from an input goes to terminals and logs. */
static void blank_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int fault_set(struct ovd_fault *f, size_t offset, const char *format, ...)
{
	va_list args;

	f->offset = offset;
	f->path[0] = '\0';
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	f->text[view_whole(view(f->text))] = '\0';
	blank_controls(f->text);
	return -EBADMSG;
}

static void prepend(struct ovd_fault *f, const char *p, size_t n)
{
	size_t had = strlen(f->path);
	size_t taken = MIN(n, sizeof(f->path) - 1);
	size_t kept = MIN(had, sizeof(f->path) - 1 - taken);

	memmove(f->path + taken, f->path, kept);
	memcpy(f->path, p, taken);
	f->path[taken + kept] = '\0';
}

void fault_in_key(struct ovd_fault *f, struct ovd_view key)
{
	if (f->path[0] && f->path[0] != '[')
		prepend(f, ".", 1);
	prepend(f, key.p, key.n);
}

void fault_in_item(struct ovd_fault *f, size_t index)
{
	char text[32];

	if (f->path[0] && f->path[0] != '[')
		prepend(f, ".", 1);
	prepend(f, text, (size_t)snprintf(text, sizeof(text), "[%zu]", index));
}

const char *fault_text(const struct ovd_fault *f, char text[FAULT_LINE_MAX])
{
	snprintf(text, FAULT_LINE_MAX, "%s%s%s (byte %zu)", f->path, f->path[0] ? ": " : "",
		 f->text, f->offset);
	return text;
}
