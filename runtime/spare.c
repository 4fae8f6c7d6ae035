#include "runtime/spare.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

/* Under the address sanitizer what is kept may not be touched, as if it were freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct spare_block {
	struct spare_block *next;
};

static size_t size_at(unsigned i)
{
	return ((size_t)(i % 2 ? 48 : 32) << i / 2) - 8;
}

/* The list for n bytes; SPARE_SIZES if they are too many. */
static unsigned list_for(size_t n)
{
	unsigned i = 0;

	while (i < SPARE_SIZES && size_at(i) < n)
		i++;
	return i;
}

static struct spare_block *list_take(struct spare_list *list, size_t size)
{
	struct spare_block *block = list->first;

	if (!block)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(block, size);
	list->first = block->next;
	list->n--;
	return block;
}

void *spare_take(struct spare *s, size_t n)
{
	unsigned i = list_for(n);
	void *p;

	if (i == SPARE_SIZES)
		return calloc(1, n);
	p = list_take(&s->lists[i], size_at(i));
	return p ? memset(p, 0, n) : calloc(1, size_at(i));
}

void spare_give(struct spare *s, void *p, size_t n)
{
	unsigned i = list_for(n);
	struct spare_block *block = p;

	if (!block)
		return;
	if (i == SPARE_SIZES || (s->lists[i].n + 1) * size_at(i) > SPARE_KEPT_MAX) {
		free(block);
		return;
	}
	block->next = s->lists[i].first;
	s->lists[i].first = block;
	s->lists[i].n++;
	ASAN_POISON_MEMORY_REGION(block, size_at(i));
}

void spare_done(struct spare *s)
{
	for (unsigned i = 0; i < SPARE_SIZES; i++)
		for (struct spare_block *block; (block = list_take(&s->lists[i], size_at(i)));)
			free(block);
}
