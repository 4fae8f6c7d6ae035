#include "client/ctl/flags.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/command_line.h"
#include "client/ctl/list_file.h"
#include "runtime/json_scan.h"

/* One flag as it was given. */
struct given {
	const struct ctl_flag *flag;
	const char *value;
};

/* ---- JSON ---- */

static int put_text(struct buf *out, const char *text, size_t n)
{
	int r = buf_text(out, "\"");

	for (size_t i = 0; i < n && r == 0; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20)
			r = buf_printf(out, "\\u%04x", c);
		else
			r = c == '"' || c == '\\' ? buf_printf(out, "\\%c", c)
						  : buf_append(out, &c, 1);
	}
	return r == 0 ? buf_text(out, "\"") : r;
}

/* NULL for an unknown name, which is the decoder's to refuse. */
static const struct ctl_variant *find_variant(const struct ctl_flag *flag, const char *name,
					      size_t n)
{
	for (size_t i = 0; i < flag->n_variants; i++)
		if (strlen(flag->variants[i].name) == n &&
		    memcmp(flag->variants[i].name, name, n) == 0)
			return &flag->variants[i];
	return NULL;
}

/* NAME or NAME:VALUE. */
static int put_union(struct buf *out, const struct ctl_flag *flag, const char *value)
{
	size_t n = strcspn(value, ":");
	const struct ctl_variant *variant = find_variant(flag, value, n);
	int r = buf_printf(out, "{\"%s\":", flag->tag);

	if (r == 0)
		r = put_text(out, value, n);
	if (r == 0 && variant && variant->key && value[n] == ':') {
		r = buf_printf(out, ",\"%s\":", variant->key);
		value += n + 1;
		if (r == 0)
			r = variant->number ? buf_text(out, value)
					    : put_text(out, value, strlen(value));
	}
	return r == 0 ? buf_text(out, "}") : r;
}

static int put_value(struct buf *out, const struct ctl_flag *flag, const char *value)
{
	switch (flag->kind) {
	case CTL_BOOL:
	case CTL_NUMBER:
	case CTL_JSON:
		return buf_text(out, value);
	case CTL_TEXT:
	case CTL_ENUM:
		return put_text(out, value, strlen(value));
	case CTL_UNION:
		return value[0] == '{' ? buf_text(out, value) : put_union(out, flag, value);
	}
	return -EINVAL;
}

/* ---- flags ---- */

static const struct ctl_flag *find_flag(const struct ctl_command *command, const char *name,
					size_t n)
{
	for (size_t i = 0; i < command->n_flags; i++) {
		const char *known = command->flags[i].name;
		bool same = strlen(known) == n;

		for (size_t k = 0; k < n && same; k++)
			same = known[k] == (name[k] == '_' ? '-' : name[k]);
		if (same)
			return &command->flags[i];
	}
	return NULL;
}

static bool is_number(const char *value)
{
	value += *value == '-';
	return *value && strspn(value, "0123456789") == strlen(value);
}

/* One object, and nothing behind it. */
static bool is_object(const char *value)
{
	_cleanup_(buf_done) struct buf readable = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct json_scan s = { .arena = &arena, .fault = &fault };

	if (buf_append(&readable, value, strlen(value) + 1) < 0)
		return false;
	s.start = s.p = readable.p;
	scan_blanks(&s);
	if (*s.p != '{' || scan_skip(&s) < 0)
		return false;
	scan_blanks(&s);
	return !*s.p;
}

static bool is_variant(const struct ctl_flag *flag, const char *value)
{
	size_t n = strcspn(value, ":");
	const struct ctl_variant *variant = find_variant(flag, value, n);

	if (value[0] == '{')
		return is_object(value);
	if (!variant || !value[n])
		return true;
	return variant->key && (!variant->number || is_number(value + n + 1));
}

/* All items at once: @FILE, or as it is typed. */
static bool is_list(const struct ctl_flag *flag, const char *value)
{
	return flag->repeated && flag->kind == CTL_JSON && (value[0] == '@' || value[0] == '[');
}

/* The decoder judges values; here only what would break the JSON apart, or slip something in. */
static bool fits_kind(const struct ctl_flag *flag, const char *value)
{
	switch (flag->kind) {
	case CTL_BOOL:
		return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
	case CTL_NUMBER:
		return is_number(value);
	case CTL_TEXT:
	case CTL_ENUM:
		return true;
	case CTL_UNION:
		return is_variant(flag, value);
	case CTL_JSON:
		return is_object(value) || is_list(flag, value);
	}
	return false;
}

static int take_flag(const struct ctl_command *command, char ***at, struct given *ret, char *fault)
{
	const char *word = **at, *name = word + 2;
	bool is_flag = strncmp(word, "--", 2) == 0;
	size_t n = is_flag ? strcspn(name, "=") : 0;

	ret->flag = is_flag ? find_flag(command, name, n) : NULL;
	if (!ret->flag && command_line_knows(word)) {
		snprintf(fault, FLAGS_FAULT_MAX, "%s: goes before the command", word);
		return -EINVAL;
	}
	if (!ret->flag) {
		snprintf(fault, FLAGS_FAULT_MAX, "%s: unknown; see overlayctl help %s", word,
			 command->name);
		return -EINVAL;
	}
	ret->value = name[n] == '=' ? name + n + 1 : (*at)[1];
	*at += 1;
	if (name[n] != '=') {
		if (ret->flag->kind == CTL_BOOL &&
		    (!ret->value || strncmp(ret->value, "--", 2) == 0))
			ret->value = "true";
		else
			*at += 1;
	}
	if (!ret->value || !fits_kind(ret->flag, ret->value)) {
		snprintf(fault, FLAGS_FAULT_MAX, "--%s: expected %s", ret->flag->name,
			 ret->flag->placeholder);
		return -EINVAL;
	}
	return 0;
}

static bool is_blank(const char *text, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", text[n - 1]))
		n--;
	return n == 0;
}

static int put_items(struct buf *out, const struct ctl_flag *flag, const char *value, char *fault)
{
	bool is_file = value[0] == '@';
	const char *path = value + is_file;
	int r = is_file ? list_file_put(out, path) : list_text_put(out, value);

	if (r < 0 && r != -ENOMEM) {
		snprintf(fault, FLAGS_FAULT_MAX, "--%s: %s%s%s", flag->name, is_file ? path : "",
			 is_file ? ": " : "", r == -EBADMSG ? "no list in JSON" : strerror(-r));
		return -EINVAL;
	}
	return r;
}

/* A list may hold no item at all. */
static int put_item(struct buf *out, const struct ctl_flag *flag, const char *value, char *fault)
{
	size_t had = out->n;
	int r = out->p[had - 1] == '[' ? 0 : buf_text(out, ",");
	size_t from = out->n;

	if (r == 0)
		r = is_list(flag, value) ? put_items(out, flag, value, fault)
					 : put_value(out, flag, value);
	if (r == 0 && is_blank(out->p + from, out->n - from))
		out->n = had;
	return r;
}

static int put_list(struct buf *out, const struct ctl_flag *flag, const struct given *given,
		    size_t n, char *fault)
{
	int r = buf_text(out, "[");

	for (size_t i = 0; i < n && r == 0; i++)
		if (given[i].flag == flag)
			r = put_item(out, flag, given[i].value, fault);
	return r == 0 ? buf_text(out, "]") : r;
}

static const struct given *find_given(const struct ctl_flag *flag, const struct given *given,
				      size_t n, size_t *ret_times)
{
	const struct given *found = NULL;

	*ret_times = 0;
	for (size_t i = 0; i < n; i++)
		if (given[i].flag == flag) {
			found = &given[i];
			++*ret_times;
		}
	return found;
}

bool flags_must_be_given(const struct ctl_flag *flag)
{
	return flag->required && flag->kind != CTL_BOOL &&
	       (!flag->repeated || flag->kind == CTL_JSON);
}

static int put_member(struct buf *out, const struct ctl_flag *flag, const struct given *given,
		      size_t n, char *fault)
{
	size_t times;
	const struct given *found = find_given(flag, given, n, &times);
	int r;

	if (times > 1 && !flag->repeated) {
		snprintf(fault, FLAGS_FAULT_MAX, "--%s: given twice", flag->name);
		return -EINVAL;
	}
	if (!found && flag->kind == CTL_BOOL && flag->required)
		return buf_printf(out, ",\"%s\":false", flag->key);
	if (!found && flags_must_be_given(flag)) {
		snprintf(fault, FLAGS_FAULT_MAX, "--%s %s is missing", flag->name,
			 flag->placeholder);
		return -EINVAL;
	}
	if (!found && !flag->required)
		return 0;
	r = buf_printf(out, ",\"%s\":", flag->key);
	if (r < 0)
		return r;
	return flag->repeated ? put_list(out, flag, given, n, fault)
			      : put_value(out, flag, found->value);
}

int flags_to_json(const struct ctl_command *command, char **argv, struct buf *out,
		  char fault[FLAGS_FAULT_MAX])
{
	_cleanup_(freep) struct given *given = NULL;
	size_t n = 0;
	int r;

	while (argv[n])
		n++;
	given = calloc(n + 1, sizeof(*given));
	if (!given)
		return -ENOMEM;
	for (n = 0; *argv; n++) {
		r = take_flag(command, &argv, &given[n], fault);
		if (r < 0)
			return r;
	}
	r = buf_printf(out, "{\"op\":\"%s\"", command->op);
	for (size_t i = 0; i < command->n_flags && r == 0; i++)
		r = put_member(out, &command->flags[i], given, n, fault);
	if (r == 0)
		r = buf_append(out, "}", 2);
	out->n -= r == 0;
	return r;
}

const char *flags_fault(const struct ctl_command *command, const struct ovd_fault *found,
			char fault[FLAGS_FAULT_MAX])
{
	size_t n = strcspn(found->path, ".[");
	const struct ctl_flag *flag = find_flag(command, found->path, n);
	const char *inside = found->path + n + (found->path[n] == '.');

	if (flag && flag->kind == CTL_ENUM)
		snprintf(fault, FLAGS_FAULT_MAX, "--%s: expected %s", flag->name,
			 flag->placeholder);
	else if (flag)
		snprintf(fault, FLAGS_FAULT_MAX, "--%s: %s%s%s%s%s", flag->name, inside,
			 *inside ? ": " : "", found->text,
			 flag->kind == CTL_UNION ? "; expected " : "",
			 flag->kind == CTL_UNION ? flag->placeholder : "");
	else
		snprintf(fault, FLAGS_FAULT_MAX, "%s%s%s", found->path, *found->path ? ": " : "",
			 found->text);
	return fault;
}
