#include "server/guest/gcs_frame.h"

#include "tests/check.h"

TEST(a_header_there_and_back)
{
	const struct gcs_header header = { .type = GCS_REQUEST | GCS_NEGOTIATE,
					   .size = 0x0102,
					   .id = 0x1122334455667788 };
	static const uint8_t want[GCS_HEADER] = { 0x01, 0x0b, 0x10, 0x10, 0x02, 0x01, 0,    0,
						  0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
	struct gcs_header again;
	uint8_t bytes[GCS_HEADER];

	gcs_header_write(&header, bytes);
	CHECK_BYTES(bytes, want, GCS_HEADER);
	CHECK_INT(gcs_header_read(bytes, &again), 0);
	CHECK_SAME(&again, &header);
}

TEST(types_are_what_guests_know)
{
	CHECK_INT(GCS_REQUEST | GCS_NEGOTIATE, 0x10100b01);
	CHECK_INT(GCS_RESPONSE | GCS_NEGOTIATE, 0x20100b01);
	CHECK_INT(GCS_REQUEST | GCS_MODIFY_SERVICE_SETTINGS, 270532865);
	CHECK_INT(GCS_NOTIFICATION | GCS_CREATE, 0x30100101);
}

TEST(sizes_have_limits)
{
	static const struct {
		uint32_t size;
		int r;
	} rows[] = {
		{ 0, -EBADMSG },
		{ 15, -EBADMSG },
		{ 16, 0 },
		{ 16 + 4 * 1024 * 1024, 0 },
		{ 16 + 4 * 1024 * 1024 + 1, -EMSGSIZE },
		{ UINT32_MAX, -EMSGSIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct gcs_header header = { .size = rows[i].size };
		struct gcs_header again;
		uint8_t bytes[GCS_HEADER];

		CASE("%u", rows[i].size);
		gcs_header_write(&header, bytes);
		CHECK_INT(gcs_header_read(bytes, &again), rows[i].r);
		CHECK_U64(again.size, rows[i].size);
	}
}
