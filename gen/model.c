#include "gen/model.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_done(struct model *m)
{
	arena_done(&m->arena);
	buf_done(&m->faults);
}

struct message *model_message(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->messages.n; i++)
		if (strcmp(m->messages.items[i].name, name) == 0)
			return &m->messages.items[i];
	return NULL;
}

const struct message *model_operations(const struct model *m)
{
	for (size_t i = 0; i < m->messages.n; i++)
		if (m->messages.items[i].dispatch)
			return &m->messages.items[i];
	return NULL;
}

const char *name_snake(struct model *m, const char *camel)
{
	char *out = arena_alloc(&m->arena, strlen(camel) * 2 + 1);
	size_t n = 0;

	for (const char *p = camel; *p; p++) {
		if (isupper((unsigned char)*p) && p != camel)
			out[n++] = '_';
		out[n++] = (char)tolower((unsigned char)*p);
	}
	return out;
}

const char *name_upper(struct model *m, const char *lower)
{
	char *out = arena_copy(&m->arena, lower, strlen(lower));

	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return out;
}

const char *name_dashes(struct model *m, const char *lower)
{
	char *out = arena_copy(&m->arena, lower, strlen(lower));

	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = '-';
	return out;
}

const char *model_text(struct model *m, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_alloc(&m->arena, (size_t)n + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

void model_fault(struct model *m, int line, const char *format, ...)
{
	va_list args;
	char text[512];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(&m->faults, "%s%s:%d:1: %s", m->faults.n ? "\n" : "", m->file, line, text);
}
