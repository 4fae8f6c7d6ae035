/* The command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/codec.h"
#include "tests/conformance/suite/results.h"

#define PATTERNS_MAX 64

enum report_form {
	REPORT_TEXT,
	REPORT_JUNIT,
	REPORT_JSON,
};

/* What is asked for; texts lie in argv. */
struct options {
	const char *command;            /* codec, server, list */
	const char *which;              /* list: codec or server; NULL for both */
	const char *const *testee;      /* codec: the command, ended by NULL */
	const char *socket;             /* server */
	const char *vectors;            /* a folder; NULL: beside the program */
	const char *known, *output;     /* files; NULL for none */
	const char *only[PATTERNS_MAX]; /* patterns of ids */
	size_t n_only;
	enum report_form form;
	enum ovd_codec codec; /* of bodies */
	unsigned timeout_ms;
	unsigned mutants;
	uint64_t seed;
	bool slow, shutdown, in_use, help;
};

/* 0; -EINVAL, and what is wrong has been written to standard error. */
int options_parse(int argc, char **argv, struct options *ret);

extern const char options_usage[];
