#include "runtime/tree.h"

#include "tests/check.h"

#define N 2000

struct record {
	struct tree_node node;
	unsigned value;
	bool in;
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	unsigned x = CONTAINER_OF(a, struct record, node)->value,
		 y = CONTAINER_OF(b, struct record, node)->value;

	return (x > y) - (x < y);
}

static struct record *record_of(struct tree_node *node)
{
	return node ? CONTAINER_OF(node, struct record, node) : NULL;
}

/* The numbers from 0 in an order without one. */
static unsigned shuffled(unsigned i)
{
	return i * 1201 % N;
}

static unsigned up(unsigned i)
{
	return i;
}

static unsigned down(unsigned i)
{
	return N - 1 - i;
}

static unsigned depth(const struct tree_node *at)
{
	return at ? 1 + MAX(depth(at->left), depth(at->right)) : 0;
}

/* All that are in, in order, and no deeper than promised. */
static void check_tree(struct tree_node *root, const struct record *records)
{
	struct tree_node *at;
	struct tree_walk walk;
	unsigned n = 0, i = 0, most = 0;

	for (at = tree_first(&walk, root); at; at = tree_next(&walk), i++, n++) {
		while (i < N && !records[i].in)
			i++;
		CHECK_INT(record_of(at)->value, i);
	}
	while (i < N && !records[i].in)
		i++;
	CHECK_INT(i, N);
	while ((n + 1) >> most > 1)
		most++;
	CHECK(depth(root) <= 2 * (most + 1));
}

static struct record *find(struct tree_node *root, unsigned value, bool exact)
{
	struct record key = { .value = value };

	return record_of((exact ? tree_find : tree_at_least)(root, &key.node, compare));
}

/* From there on as the whole walk goes. */
static void check_from(struct tree_node *root, unsigned value)
{
	struct record key = { .value = value };
	struct tree_walk walk, all;
	struct tree_node *at = tree_from(&walk, root, &key.node, compare),
			 *want = tree_first(&all, root);

	while (want && record_of(want)->value < value)
		want = tree_next(&all);
	for (; want; want = tree_next(&all), at = tree_next(&walk))
		CHECK(at == want);
	CHECK(!at);
}

static void check_found(struct tree_node *root, struct record *records)
{
	struct record *next = NULL;

	for (unsigned i = N; i-- > 0;) {
		if (records[i].in)
			next = &records[i];
		CHECK(find(root, i, true) == (records[i].in ? next : NULL));
		CHECK(find(root, i, false) == next);
	}
	CHECK(!find(root, N, true) && !find(root, N, false));
	for (unsigned i = 0; i <= N; i += 50)
		check_from(root, i);
}

TEST(in_any_order)
{
	unsigned (*const orders[])(unsigned) = { up, down, shuffled };
	static struct record records[N];

	for (size_t o = 0; o < 9; o++) {
		struct tree_node *root = NULL;

		CASE("put in in order %zu, taken out in order %zu", o / 3, o % 3);
		for (unsigned i = 0; i < N; i++) {
			struct record *r = &records[orders[o / 3](i)];

			*r = (struct record){ .value = (unsigned)(r - records), .in = true };
			CHECK(tree_insert(&root, &r->node, compare) == &r->node);
			if (i % 97 == 0)
				check_tree(root, records);
		}
		check_tree(root, records);
		check_found(root, records);
		for (unsigned i = 0; i < N; i++) {
			struct record *r = &records[orders[o % 3](i)];

			tree_delete(&root, &r->node, compare);
			r->in = false;
			if (i % 97 == 0)
				check_tree(root, records);
			if (i == N / 2)
				check_found(root, records);
		}
		CHECK(!root);
	}
}

/* The records come and go for long. */
TEST(stays_balanced)
{
	static struct record records[N];
	struct tree_node *root = NULL;
	unsigned x = 1;

	for (unsigned i = 0; i < 200000; i++) {
		struct record *r;

		x = x * 1664525 + 1013904223;
		r = &records[(x >> 8) % N];
		if (r->in) {
			tree_delete(&root, &r->node, compare);
		} else {
			r->value = (unsigned)(r - records);
			CHECK(tree_insert(&root, &r->node, compare) == &r->node);
		}
		r->in = !r->in;
		if (i % 5000 == 0)
			check_tree(root, records);
	}
	check_tree(root, records);
	check_found(root, records);
}

TEST(an_equal_one_stays_out)
{
	struct record first = { .value = 7 }, other = { .value = 8 }, second = { .value = 7 };
	struct tree_node *root = NULL;
	struct tree_walk walk;

	CHECK(!tree_first(&walk, root));
	CHECK(tree_insert(&root, &first.node, compare) == &first.node);
	CHECK(tree_insert(&root, &other.node, compare) == &other.node);
	CHECK(tree_insert(&root, &second.node, compare) == &first.node);
	CHECK(tree_first(&walk, root) == &first.node);
	CHECK(tree_next(&walk) == &other.node);
	CHECK(!tree_next(&walk) && !tree_next(&walk));
}

TEST(freed_on_the_way)
{
	struct tree_node *root = NULL, *at;
	struct tree_walk walk;
	unsigned n = 0;

	for (unsigned i = 0; i < N; i++) {
		struct record *r = calloc(1, sizeof(*r));

		CHECK(r);
		r->value = shuffled(i);
		tree_insert(&root, &r->node, compare);
	}
	for (at = tree_first(&walk, root); at; at = tree_next(&walk)) {
		CHECK_INT(record_of(at)->value, n++);
		memset(at, 0xff, sizeof(*at));
		free(record_of(at));
	}
	CHECK_INT(n, N);
}
