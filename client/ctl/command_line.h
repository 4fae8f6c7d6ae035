/* overlayctl's own flags, before the command. */
#pragma once

#include <stdbool.h>

#include "runtime/codec.h"

struct command_line {
	const char *socket;   /* NULL: the data dir's */
	const char *data_dir; /* NULL: the default */
	bool json;
	enum ovd_codec codec;
	unsigned timeout_ms;
	bool has_timeout; /* it was given */
	char **rest;      /* the command and what follows it, ended by NULL */
};

/* 0; 1: the answer was printed; -EINVAL: the reason was. */
int command_line_parse(char **argv, struct command_line *ret);

/* The word is one of these flags, with a value behind '=' or without. */
bool command_line_knows(const char *word);
