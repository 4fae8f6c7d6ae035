#include "server/hcs/hresult.h"

#include <stdio.h>

#include "tests/check.h"

static const struct {
	uint32_t code;
	enum hcs_class class;
	const char *name;
} rows[] = {
	{ 0x80370100, HCS_CLASS_STOPPED, "HCS_E_TERMINATED_DURING_START" },
	{ 0x80370101, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_IMAGE_MISMATCH" },
	{ 0x80370102, HCS_CLASS_UNAVAILABLE, "HCS_E_HYPERV_NOT_INSTALLED" },
	{ 0x80370105, HCS_CLASS_INVALID_STATE, "HCS_E_INVALID_STATE" },
	{ 0x80370106, HCS_CLASS_STOPPED, "HCS_E_UNEXPECTED_EXIT" },
	{ 0x80370107, HCS_CLASS_STOPPED, "HCS_E_TERMINATED" },
	{ 0x80370108, HCS_CLASS_DISCONNECTED, "HCS_E_CONNECT_FAILED" },
	{ 0x80370109, HCS_CLASS_TIMEOUT, "HCS_E_CONNECTION_TIMEOUT" },
	{ 0x8037010A, HCS_CLASS_DISCONNECTED, "HCS_E_CONNECTION_CLOSED" },
	{ 0x8037010B, HCS_CLASS_OTHER, "HCS_E_UNKNOWN_MESSAGE" },
	{ 0x8037010C, HCS_CLASS_OTHER, "HCS_E_UNSUPPORTED_PROTOCOL_VERSION" },
	{ 0x8037010D, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_INVALID_JSON" },
	{ 0x8037010E, HCS_CLASS_NOT_FOUND, "HCS_E_SYSTEM_NOT_FOUND" },
	{ 0x8037010F, HCS_CLASS_ALREADY_EXISTS, "HCS_E_SYSTEM_ALREADY_EXISTS" },
	{ 0x80370110, HCS_CLASS_STOPPED, "HCS_E_SYSTEM_ALREADY_STOPPED" },
	{ 0x80370111, HCS_CLASS_OTHER, "HCS_E_PROTOCOL_ERROR" },
	{ 0x80370112, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_INVALID_LAYER" },
	{ 0x80370113, HCS_CLASS_UNAVAILABLE, "HCS_E_WINDOWS_INSIDER_REQUIRED" },
	{ 0x80370114, HCS_CLASS_UNAVAILABLE, "HCS_E_SERVICE_NOT_AVAILABLE" },
	{ 0x80370115, HCS_CLASS_INVALID_STATE, "HCS_E_OPERATION_NOT_STARTED" },
	{ 0x80370116, HCS_CLASS_INVALID_STATE, "HCS_E_OPERATION_ALREADY_STARTED" },
	{ 0x80370117, HCS_CLASS_PENDING, "HCS_E_OPERATION_PENDING" },
	{ 0x80370118, HCS_CLASS_TIMEOUT, "HCS_E_OPERATION_TIMEOUT" },
	{ 0x80370119, HCS_CLASS_CALLBACK_SET, "HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET" },
	{ 0x8037011A, HCS_CLASS_OTHER, "HCS_E_OPERATION_RESULT_ALLOCATION_FAILED" },
	{ 0x8037011B, HCS_CLASS_ACCESS_DENIED, "HCS_E_ACCESS_DENIED" },
	{ 0x8037011C, HCS_CLASS_OTHER, "HCS_E_GUEST_CRITICAL_ERROR" },
	{ 0x8037011D, HCS_CLASS_OTHER, "HCS_E_PROCESS_INFO_NOT_AVAILABLE" },
	{ 0x8037011E, HCS_CLASS_DISCONNECTED, "HCS_E_SERVICE_DISCONNECT" },
	{ 0x8037011F, HCS_CLASS_STOPPED, "HCS_E_PROCESS_ALREADY_STOPPED" },
};

static bool is_named(int32_t result, const char *name)
{
	char text[HRESULT_TEXT_MAX];

	return strncmp(hresult_format(result, text), name, strlen(name)) == 0;
}

/* The reference has not-found at 0100, pending at 0103, callback-set at 0109 and invalid JSON at
 * 0002. */
TEST(hresult_table_in_both_forms)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int32_t plain = (int32_t)rows[i].code, other = (int32_t)(rows[i].code | 0x40000000);

		CASE("%s", rows[i].name);
		CHECK_INT(hresult_class(plain), rows[i].class);
		CHECK_INT(hresult_class(other), rows[i].class);
		CHECK(is_named(plain, rows[i].name) && is_named(other, rows[i].name));
	}
}

TEST(hresult_of_windows)
{
	CHECK_INT(hresult_class((int32_t)0x80070490), HCS_CLASS_NOT_FOUND);
	CHECK_INT(hresult_class((int32_t)0x80070005), HCS_CLASS_ACCESS_DENIED);
	CHECK_INT(hresult_class((int32_t)0x80070057), HCS_CLASS_INVALID_DOCUMENT);
	/* bit 30 is the service's own way */
	CHECK_INT(hresult_class((int32_t)0xC0070005), HCS_CLASS_OTHER);
}

TEST(hresult_unknown)
{
	static const uint32_t codes[] = { 0x80370002, 0x80370103, 0x80370104,
					  0x803701FF, 0x80004005, 0x8037810E };
	char text[HRESULT_TEXT_MAX], want[HRESULT_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		CASE("%08x", codes[i]);
		CHECK_INT(hresult_class((int32_t)codes[i]), HCS_CLASS_OTHER);
		snprintf(want, sizeof(want), "0x%08X", codes[i]);
		CHECK_STR(hresult_format((int32_t)codes[i], text), want);
	}
}

TEST(hresult_success)
{
	CHECK_INT(hresult_class(0), HCS_CLASS_OK);
	CHECK_INT(hresult_class(1), HCS_CLASS_OK);
	CHECK_INT(hresult_class(0x0037010E), HCS_CLASS_OK);
}

TEST(hresult_text)
{
	char text[HRESULT_TEXT_MAX];

	CHECK_STR(hresult_format((int32_t)0xC037010E, text),
		  "HCS_E_SYSTEM_NOT_FOUND (0xC037010E): there is no such compute system");
}

TEST(hresult_class_says_what_to_do)
{
	CHECK(strstr(hcs_class_hint(HCS_CLASS_ACCESS_DENIED), "Hyper-V Administrators"));
	CHECK(strstr(hcs_class_hint(HCS_CLASS_ACCESS_DENIED), "an Administrator"));
	CHECK(hcs_class_hint(HCS_CLASS_UNAVAILABLE) != NULL);
	CHECK(hcs_class_hint(HCS_CLASS_OTHER) == NULL);
}

TEST(hresult_class_errno)
{
	for (int a = HCS_CLASS_OK; a <= HCS_CLASS_OTHER; a++) {
		CASE("class %d", a);
		CHECK((hcs_class_errno(a) == 0) == (a == HCS_CLASS_OK));
		CHECK(hcs_class_errno(a) <= 0);
		for (int b = HCS_CLASS_OK; b < a; b++)
			CHECK(hcs_class_errno(a) != hcs_class_errno(b));
	}
}
