#include "runtime/row.h"

#include "tests/check.h"
#include "tests/runtime/sample.h"

/* What lies beside a value stays as it is. */
struct guarded {
	uint64_t before, value, behind;
};

#define GUARD UINT64_C(0xa5a5a5a5a5a5a5a5)

static const struct {
	unsigned width;
	uint64_t kept;  /* of 0x1122334455667788, over the guard */
	uint64_t value; /* of that, as it is read again */
} widths[] = { { 1, UINT64_C(0xa5a5a5a5a5a5a588), 0x88 },
	       { 2, UINT64_C(0xa5a5a5a5a5a57788), 0x7788 },
	       { 4, UINT64_C(0xa5a5a5a555667788), 0x55667788 },
	       { 8, UINT64_C(0x1122334455667788), UINT64_C(0x1122334455667788) } };

TEST(store_and_load)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		struct guarded g = { GUARD, GUARD, GUARD };

		CASE("width %u", widths[i].width);
		uint_store(&g.value, widths[i].width, UINT64_C(0x1122334455667788));
		CHECK_U64(g.value, widths[i].kept);
		CHECK(g.before == GUARD && g.behind == GUARD);
		CHECK_U64(uint_load(&g.value, widths[i].width), widths[i].value);
	}
}

TEST(signed_numbers)
{
	CHECK_INT(int_load(&(int32_t){ -7 }, 4), -7);
	CHECK_INT(int_load(&(int64_t){ INT64_MIN }, 8), INT64_MIN);
	CHECK_INT(int_most(4), INT32_MAX);
	CHECK_INT(int_most(8), INT64_MAX);
	CHECK_U64(uint_most(1), 255);
	CHECK_U64(uint_most(8), UINT64_MAX);
}

TEST(values_of_an_enum)
{
	CHECK_STR(enum_value(&sample_colours, SAMPLE_BLUE)->name, "blue");
	CHECK(!enum_value(&sample_colours, 0));
	CHECK(!enum_value(&sample_colours, (int64_t)SAMPLE_BLUE + (INT64_C(1) << 32)));
}

TEST(variant_of_a_union)
{
	struct sample_order order = { .kind = SAMPLE_PAINT };
	const struct ovd_union *u = sample_order_table.union_;

	CHECK_STR(union_variant(u, &order)->name, "paint");
	order.kind = 0;
	CHECK(!union_variant(u, &order));
}

TEST(left_out)
{
	const struct ovd_object *o = sample_picture_table.object;
	struct sample_picture p;

	memset(&p, 0, sizeof(p));
	p.name = view("n");
	for (unsigned i = 0; i < o->n_rows; i++) {
		bool gone = o->rows[i].flags & (OVD_OPTIONAL | OVD_SKIP_EMPTY);

		CASE("%s", o->rows[i].literal);
		CHECK_INT(row_left_out(&o->rows[i], &p), gone);
	}
	p.note = view("");
	p.has_from = p.has_centre = true;
	p.tags.n = 1;
	for (unsigned i = 0; i < o->n_rows; i++)
		CHECK(!row_left_out(&o->rows[i], &p));
}
