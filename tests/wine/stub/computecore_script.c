#include "tests/wine/stub/computecore_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 65536);

	if (file && text)
		fread(text, 1, 65535, file);
	if (file)
		fclose(file);
	return text;
}

/* The environment's, as UTF-8 from malloc; "" if there is none. */
static char *environment(void)
{
	DWORD n = GetEnvironmentVariableW(L"HCS_STUB", NULL, 0);
	wchar_t *wide = calloc(n + 1u, sizeof(*wide));
	char *text = calloc(n + 1u, 3);

	GetEnvironmentVariableW(L"HCS_STUB", wide, n);
	WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, (int)n * 3 + 3, NULL, NULL);
	free(wide);
	return text;
}

/* The whole script, from malloc. */
static char *script(void)
{
	char *text = environment(), *named;

	if (*text != '@')
		return text;
	named = read_file(text + 1);
	free(text);
	return named;
}

static DWORD number(const char *at)
{
	unsigned base = strncmp(at, "0x", 2) == 0 ? 16 : 10;
	DWORD value = 0;

	for (at += base == 16 ? 2 : 0; *at && *at != ' '; at++)
		value = value * base + (DWORD)(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
	return value;
}

/* Behind "key=", which stands behind a blank; NULL. */
static const char *find(const char *line, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = strchr(line, ' '); at; at = strchr(at + 1, ' ')) {
		if (strncmp(at + 1, key, n) == 0 && at[1 + n] == '=')
			return at + 2 + n;
		if (strncmp(at + 1, "document=", 9) == 0 || strncmp(at + 1, "data=", 5) == 0)
			break;
	}
	return NULL;
}

static DWORD find_number(const char *line, const char *key, DWORD otherwise)
{
	const char *at = find(line, key);

	return at ? number(at) : otherwise;
}

static wchar_t *find_text(const char *line, const char *key)
{
	const char *at = find(line, key);
	int n = at ? MultiByteToWideChar(CP_UTF8, 0, at, -1, NULL, 0) : 0;
	wchar_t *text = n > 0 ? calloc((size_t)n, sizeof(*text)) : NULL;

	if (text)
		MultiByteToWideChar(CP_UTF8, 0, at, -1, text, n);
	return text;
}

static bool begins_with(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && (line[n] == ' ' || !line[n]);
}

struct stub_call script_call(const char *call)
{
	char *text = script(), *kept = NULL;
	struct stub_call said = { 0 };

	for (char *line = strtok_r(text, "\r\n", &kept); line; line = strtok_r(NULL, "\r\n", &kept))
		if (begins_with(line, call))
			said = (struct stub_call){ (HRESULT)find_number(line, "begin", 0),
						   (HRESULT)find_number(line, "result", 0),
						   find_number(line, "delay", 0),
						   find_text(line, "document") };
	free(text);
	return said;
}

bool script_event(const char *call, unsigned index, struct stub_event *ret)
{
	char *text = script(), *kept = NULL;
	bool found = false;

	for (char *line = strtok_r(text, "\r\n", &kept); line && !found;
	     line = strtok_r(NULL, "\r\n", &kept)) {
		const char *on = find(line, "on");

		if (!begins_with(line, "event") || !on || !begins_with(on, call) || index-- > 0)
			continue;
		*ret = (struct stub_event){
			find_number(line, "type", 1),      find_number(line, "count", 1),
			find_number(line, "threads", 1),   find_number(line, "delay", 0),
			find_number(line, "late", 0) != 0, find_text(line, "data")
		};
		found = true;
	}
	free(text);
	return found;
}
