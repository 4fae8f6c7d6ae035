#include "server/guest/hyperv.h"

#include <stdlib.h>

#include "tests/check.h"

/* A text, and a file with that and a newline. */
static void check_golden(const char *text, const char *path)
{
	struct ovd_view want = check_file(path);

	CHECK(want.n > 0 && want.p[want.n - 1] == '\n');
	want.n--;
	if (!view_eq(view(text), want))
		check_fail(__FILE__, __LINE__, "%s is not:\n%s", path, text);
}

TEST(an_address_is_laid_out_as_windows_wants_it)
{
	const struct sockaddr_hv address = { .family = HV_FAMILY,
					     .vm_id = HV_PARENT_ADDRESS,
					     .service_id = HV_SERVICE_LOGGING };
	static const uint8_t want[36] = {
		34,   0,    0,    0,    0xd6, 0xc2, 0x4c, 0x89, 0x79, 0x9d, 0x4f, 0x42,
		0x93, 0xfe, 0x42, 0x96, 0x9a, 0xe6, 0xd8, 0xd1, 0x59, 0xad, 0x2d, 0x17,
		0x6d, 0x97, 0xf2, 0x45, 0x8b, 0x6c, 0x6d, 0x1b, 0x13, 0xf2, 0xac, 0x4d,
	};

	CHECK_INT(sizeof(address), 36);
	CHECK_BYTES((const uint8_t *)&address, want, sizeof(want));
}

TEST(services_have_their_names)
{
	char text[GUID_TEXT_MAX];
	struct guid guid = HV_SERVICE_GCS;

	CHECK_STR(guid_format(&guid, text), "acef5661-84a1-4e44-856b-6245e69f4620");
	guid = HV_SERVICE_LOGGING;
	CHECK_STR(guid_format(&guid, text), "172dad59-976d-45f2-8b6c-6d1b13f2ac4d");
	guid = hv_service_of_port(HV_PORT_LOGGING);
	CHECK_STR(guid_format(&guid, text), "0000006d-facb-11e6-bd58-64006a7986d3");
	guid = hv_service_of_port(HV_PORT_GCS);
	CHECK_STR(guid_format(&guid, text), "40000000-facb-11e6-bd58-64006a7986d3");
}

TEST(descriptors_are_protected_lists)
{
	_cleanup_(freep) char *text = NULL, *empty = NULL;
	char *none = NULL;

	CHECK_INT(hv_sddl((struct hv_trustee[]){ { "SY" }, { "BA" }, { "S-1-5-83-0" } }, 3, &text),
		  0);
	CHECK_STR(text, "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-83-0)");
	CHECK_INT(hv_sddl(NULL, 0, &empty), 0);
	CHECK_STR(empty, "D:P");
	CHECK_INT(hv_sddl((struct hv_trustee[]){ { "WD)(A;;FA;;;BA" } }, 1, &none), -EINVAL);
	CHECK_INT(hv_sddl((struct hv_trustee[]){ { "" } }, 1, &none), -EINVAL);
	CHECK(!none);
}

TEST(the_document_of_a_windows_guest)
{
	const struct hv_service log = { .id = HV_SERVICE_LOGGING, .wildcard_binds = true };
	_cleanup_(freep) char *text = NULL;

	CHECK_INT(hv_socket_document(&log, 1, false, &text), 0);
	check_golden(text, "tests/data/guest/hv_socket_windows.json");
}

TEST(the_document_of_a_linux_guest)
{
	const struct hv_service services[] = {
		{ .id = hv_service_of_port(HV_PORT_LOGGING), .wildcard_binds = true },
		{ .id = hv_service_of_port(HV_PORT_GCS), .disabled = true },
	};
	_cleanup_(freep) char *text = NULL;

	CHECK_INT(hv_socket_document(services, ARRAY_SIZE(services), true, &text), 0);
	check_golden(text, "tests/data/guest/hv_socket_linux.json");
}
