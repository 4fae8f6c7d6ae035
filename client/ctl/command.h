/* The tables of overlayctl's commands, one per operation, which overlaygen writes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum ctl_kind {
	CTL_BOOL,   /* true, false; alone it is true */
	CTL_NUMBER, /* decimal digits */
	CTL_TEXT,   /* taken as it is */
	CTL_ENUM,   /* one of the words that the placeholder lists */
	CTL_UNION,  /* NAME, NAME:VALUE, or an object in JSON */
	CTL_JSON,   /* an object in JSON */
};

/* A variant of a flag's union; VALUE of its short form is the one key that it needs. */
struct ctl_variant {
	const char *name;
	const char *key; /* NULL: there is no VALUE */
	bool number;     /* VALUE is a number, not a text */
};

struct ctl_flag {
	const char *name; /* "dns-server", without the dashes before it */
	const char *key;  /* "dns_server", in the request's JSON */
	enum ctl_kind kind;
	bool required;
	bool repeated;           /* a list: the flag is given once per item */
	const char *placeholder; /* "IP", "auto|shared" */
	const char *help;
	const char *tag; /* UNION */
	const struct ctl_variant *variants;
	size_t n_variants;
};

struct ctl_command {
	const char *name; /* "attach-container" */
	const char *op;   /* "attach_container" */
	const char *summary;
	const char *since;   /* first line of the contract that has it */
	const char *answers; /* "attached, guest_config" */
	const struct ctl_flag *flags;
	size_t n_flags;
};
