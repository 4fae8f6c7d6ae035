/* Unit tests: each TEST is a function that runs in a process of its own, timed, its descriptors
 *counted.
 *
 *	TEST(ip_parse)
 *	{
 *		CHECK_INT(ip_parse(view("10.0.0.1"), &ip), 0);
 *	}
 *
 * A test file is a program; `test_ip` runs all its tests, `test_ip ip_parse` one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/util.h"
#include "runtime/view.h"

struct check_test {
	const char *name;
	void (*run)(void);
	struct check_test *next;
};

void check_register(struct check_test *test);

#define TEST(id)                                                                                   \
	static void test_##id(void);                                                               \
	__attribute__((constructor)) static void register_##id(void)                               \
	{                                                                                          \
		static struct check_test test = { #id, test_##id, NULL };                          \
		check_register(&test);                                                             \
	}                                                                                          \
	static void test_##id(void)

/* Names the row of a table that is being tested, for messages. */
#define CASE(...) check_case(__VA_ARGS__)

/* Ends the test as skipped: the machine lacks what it needs. */
#define SKIP(...) check_skip(__VA_ARGS__)

/* Each ends the test with file, line and both values when it doesn't hold. */
#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))
#define CHECK_INT(got, want)                                                                       \
	check_int(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define CHECK_U64(got, want)      check_u64(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_STR(got, want)      check_str(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_VIEW(got, want)     check_view(__FILE__, __LINE__, #got, (got), view(want))
#define CHECK_SAME(got, want)     check_bytes(__FILE__, __LINE__, #got, (got), (want), sizeof(*(got)))
#define CHECK_BYTES(got, want, n) check_bytes(__FILE__, __LINE__, #got, (got), (want), (n))

void check_case(const char *format, ...) _printf_(1, 2);
_Noreturn void check_skip(const char *format, ...) _printf_(1, 2);
_Noreturn void check_fail(const char *file, int line, const char *format, ...) _printf_(3, 4);
void check_true(const char *file, int line, const char *text, bool ok);
void check_int(const char *file, int line, const char *text, long long got, long long want);
void check_u64(const char *file, int line, const char *text, uint64_t got, uint64_t want);
void check_str(const char *file, int line, const char *text, const char *got, const char *want);
void check_view(const char *file, int line, const char *text, struct ovd_view got,
		struct ovd_view want);
void check_bytes(const char *file, int line, const char *text, const void *got, const void *want,
		 size_t n);

/* A copy of text whose last readable byte is `slack` behind its end, zeros in between; behind that
 * the process dies. */
struct ovd_view check_edge(const void *text, size_t n, size_t slack);

/* Frees such a copy. */
void check_edge_free(struct ovd_view copy, size_t slack);

/* A whole file of the tests' data, by path from the project's top; ends the test if it can't be
 * read. Never freed. */
struct ovd_view check_file(const char *path);

/* Removes a directory that the test has made, with all in it; ends the test if it can't. On Unix
 * only. */
void check_remove(const char *dir);

/* In how many places of this process's memory these n bytes are, at most 64. They are given with
 * every bit turned over, so that what the test says is none of them. */
size_t check_copies(const void *turned, size_t n);
