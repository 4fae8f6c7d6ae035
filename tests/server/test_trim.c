#include "server/trim.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/check.h"

/* gcc defines it by itself. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TRIMS false
#else
#define TRIMS true
#endif

#define BLOCKS      4096
#define BLOCK_BYTES 2000

/* Bytes of memory that is nobody's else. */
static size_t own_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	size_t resident = 0, shared = 0;

	CHECK(file && fscanf(file, "%*u %zu %zu", &resident, &shared) == 2);
	fclose(file);
	return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

/* All but the last, so that libc can't make its heap smaller by itself. */
static void *use_and_free(void)
{
	static char *blocks[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++)
		memset(blocks[i] = malloc(BLOCK_BYTES), 1, BLOCK_BYTES);
	for (size_t i = 0; i < BLOCKS - 1; i++)
		free(blocks[i]);
	return blocks[BLOCKS - 1];
}

static void *large(size_t n)
{
	return memset(malloc(n), 1, n);
}

TEST(large_blocks_go_back_at_once)
{
	size_t before = own_memory();

	if (!TRIMS)
		SKIP("a sanitizer's malloc keeps what is freed");
	trim_prepare();
	free(large(8 * LARGE_BYTES)); /* from now on libc would take smaller ones from its heap */
	for (int i = 0; i < 4; i++) {
		void *block = large(7 * LARGE_BYTES), *last = malloc(1);

		free(block);
		CHECK(own_memory() < before + LARGE_BYTES);
		free(last);
	}
}

TEST(freed_memory_goes_back)
{
	struct trim trim = { .running = false };
	uv_loop_t loop;

	if (!TRIMS)
		SKIP("a sanitizer's malloc keeps what is freed");
	uv_loop_init(&loop);
	trim_later(&trim);
	trim_start(&trim, &loop);
	for (int i = 0; i < 2; i++) {
		size_t before = own_memory(), used;
		void *last = use_and_free();

		CASE("%s", i == 0 ? "at the start" : "later");
		used = own_memory();
		CHECK(used > before + BLOCKS * BLOCK_BYTES / 2);
		trim_later(&trim);
		uv_run(&loop, UV_RUN_DEFAULT);
		CHECK(own_memory() < before + BLOCKS * BLOCK_BYTES / 4);
		free(last);
	}
	trim_stop(&trim);
	trim_later(&trim);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
}

static void free_late(uv_timer_t *timer)
{
	timer->data = use_and_free();
}

/* By others, while a change that came during the wait was the last. */
TEST(freed_between_two_times)
{
	struct trim trim = { .running = false };
	size_t before;
	uv_timer_t late;
	uv_loop_t loop;

	if (!TRIMS)
		SKIP("a sanitizer's malloc keeps what is freed");
	uv_loop_init(&loop);
	uv_timer_init(&loop, &late);
	trim_start(&trim, &loop);
	trim_later(&trim);
	before = own_memory();
	uv_timer_start(&late, free_late, 1300, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK(own_memory() < before + BLOCKS * BLOCK_BYTES / 4);
	free(late.data);
	trim_stop(&trim);
	uv_close((uv_handle_t *)&late, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
}
