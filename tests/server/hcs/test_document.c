#include "server/hcs/document.h"

#include "tests/check.h"

#define GUID "0a1b2c3d-4e5f-6789-abcd-ef0123456789"

TEST(document_container)
{
	const struct document_system system = { .owner = "overlayd",
						.network_namespace =
							"0A1B2C3D-4E5F-6789-ABCD-EF0123456789",
						.storage = "{\"Path\":\"C:\\\\layers\\\\1\"}" };
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CHECK_INT(document_compute_system(&system, &out), 0);
	CHECK_STR(out.p,
		  "{\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"Owner\":\"overlayd\","
		  "\"ShouldTerminateOnLastHandleClosed\":true,\"Container\":{\"Storage\":"
		  "{\"Path\":\"C:\\\\layers\\\\1\"},\"Networking\":{\"Namespace\":\"" GUID "\"}}}");
	CHECK_INT(out.n, strlen(out.p));
}

TEST(document_utility_vm)
{
	const struct document_system system = { .owner = "o\"w",
						.outlives_its_handles = true,
						.virtual_machine =
							"{\"Devices\":{\"HvSocket\":{}}}" };
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CHECK_INT(document_compute_system(&system, &out), 0);
	CHECK_STR(out.p, "{\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"Owner\":\"o\\\"w\","
			 "\"ShouldTerminateOnLastHandleClosed\":false,\"VirtualMachine\":"
			 "{\"Devices\":{\"HvSocket\":{}}}}");
}

TEST(document_refuses_what_is_no_guid)
{
	static const char *const wrong[] = { "",
					     "{" GUID "}",
					     "0a1b2c3d4e5f6789abcdef0123456789",
					     "0a1b2c3d-4e5f-6789-abcd-ef012345678g",
					     "0a1b2c3d-4e5f-6789-abcd-ef0123456789 ",
					     "0a1b2c3d-4e5f-6789-abcd_ef0123456789" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct document_system system = { .owner = "o",
							.network_namespace = wrong[i] };
		_cleanup_(buf_done) struct buf out = { .p = NULL };

		CASE("%s", wrong[i]);
		CHECK_INT(document_compute_system(&system, &out), -EINVAL);
		CHECK_INT(out.n, 0);
	}
}

TEST(document_queries)
{
	static const char *const types[] = { "Statistics", "ProcessList" };
	static const char *const owners[] = { "overlayd" };
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CHECK_INT(document_property_query(types, 2, &out), 0);
	CHECK_STR(out.p, "{\"PropertyTypes\":[\"Statistics\",\"ProcessList\"]}");
	buf_drop(&out, out.n);
	CHECK_INT(document_enumerate_query(owners, 1, &out), 0);
	CHECK_STR(out.p, "{\"Owners\":[\"overlayd\"]}");
	buf_drop(&out, out.n);
	CHECK_INT(document_property_query(NULL, 0, &out), 0);
	CHECK_STR(out.p, "{\"PropertyTypes\":[]}");
}

TEST(document_modify)
{
	const struct document_modify modify = { .resource_path = "VirtualMachine/Devices/a/b",
						.request_type = "Add",
						.settings = "{\"x\":[1,2]}" };
	const struct document_modify broken = { .resource_path = "p",
						.request_type = "Update",
						.guest_request = "{\"x\":" };
	const struct document_modify array = { .resource_path = "p",
					       .request_type = "Update",
					       .settings = "[]" };
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CHECK_INT(document_modify(&broken, &out), -EINVAL);
	CHECK_INT(document_modify(&array, &out), -EINVAL);
	CHECK_INT(document_modify(&modify, &out), 0);
	CHECK_STR(out.p, "{\"ResourcePath\":\"VirtualMachine/Devices/a/b\",\"RequestType\":\"Add\","
			 "\"Settings\":{\"x\":[1,2]}}");
}

static void check_message(const char *document, const char *want)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CASE("%s", document ? document : "(none)");
	CHECK_INT(document_error_message(view(document), &out), 0);
	CHECK_VIEW(buf_view(&out), want);
}

TEST(document_error_message)
{
	check_message("{\"Error\":-1,\"ErrorMessage\":\"no disk\"}", "no disk");
	check_message(
		"{\"Error\":-1,\"ErrorMessage\":\"\",\"ErrorEvents\":[{\"Message\":\"deep\"}]}",
		"deep");
	check_message("{\"Error\":-1,\"ErrorEvents\":[{\"Message\":\"a\"},{\"Message\":\"b\"}]}",
		      "a");
	check_message("{\"Error\":-1,\"ErrorEvents\":[]}", "");
	check_message("{\"Error\":-1,\"ErrorEvents\":[7]}", "");
	check_message("{\"ErrorMessage\":7}", "");
	check_message("not JSON", "");
	check_message("", "");
	check_message(NULL, "");
}

TEST(document_systems)
{
	static const char text[] =
		"[{\"Id\":\"a\",\"SystemType\":\"Container\",\"State\":\"Running\",\"Owner\":\"o\","
		"\"RuntimeId\":\"" GUID "\",\"More\":{}},{\"Id\":\"b\"}]";
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hcs_system_list list;

	CHECK_INT(document_systems(view(text), &arena, &list), 0);
	CHECK_INT(list.systems.n, 2);
	CHECK_VIEW(list.systems.items[0].id, "a");
	CHECK_VIEW(list.systems.items[0].type, "Container");
	CHECK_VIEW(list.systems.items[0].state, "Running");
	CHECK_VIEW(list.systems.items[0].owner, "o");
	CHECK_VIEW(list.systems.items[0].runtime_id, GUID);
	CHECK_VIEW(list.systems.items[1].id, "b");
	CHECK_VIEW(list.systems.items[1].owner, "");
	CHECK_INT(document_systems(view("[]"), &arena, &list), 0);
	CHECK_INT(list.systems.n, 0);
}

TEST(document_systems_broken)
{
	static const char *const wrong[] = {
		"",    "{}",           "null",  "[",      "[{}]",
		"[7]", "[{\"Id\":7}]", "[] []", "[null]", "[{\"id\":\"a\"}]"
	};
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hcs_system_list list;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CASE("%s", wrong[i]);
		CHECK_INT(document_systems(view(wrong[i]), &arena, &list), -EBADMSG);
	}
	CHECK_INT(document_systems(view(NULL), &arena, &list), -EBADMSG);
}

TEST(document_says_stopped)
{
	CHECK(document_says_stopped(view("{\"State\":\"Stopped\"}")));
	CHECK(document_says_stopped(view("{\"Id\":\"a\",\"State\":\"Exited\"}")));
	CHECK(!document_says_stopped(view("{\"State\":\"Running\"}")));
	CHECK(!document_says_stopped(view("{\"State\":1}")));
	CHECK(!document_says_stopped(view("")));
}

TEST(document_parse)
{
	char deep[200];

	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	CHECK(!document_parse((struct ovd_view){ deep, 200 }));
	CHECK(document_is_object(view(" {} \r\n")));
	CHECK(!document_is_object(view("[]")));
	CHECK(!document_is_object(view("{} {}")));
	CHECK(!document_is_object((struct ovd_view){ "{}\0", 3 }));
	CHECK(!document_is_object(view("")));
}
