#include "runtime/codec.h"

#include "tests/check.h"
#include "tests/runtime/sample.h"

TEST(names)
{
	enum ovd_codec codec = OVD_CODEC_PROTOBUF;

	CHECK_INT(codec_parse(view("json"), &codec), 0);
	CHECK_INT(codec, OVD_CODEC_JSON);
	CHECK_INT(codec_parse(view("protobuf"), &codec), 0);
	CHECK_INT(codec, OVD_CODEC_PROTOBUF);
	CHECK_INT(codec_parse(view("proto"), &codec), -EINVAL);
	CHECK_INT(codec_parse(view(""), &codec), -EINVAL);
	CHECK_INT(codec, OVD_CODEC_PROTOBUF);
	for (int i = 0; i < OVD_N_CODECS; i++) {
		CHECK_INT(codec_parse(view(codec_name((enum ovd_codec)i)), &codec), 0);
		CHECK_INT(codec, i);
	}
}

TEST(told_by_the_first_byte)
{
	enum ovd_codec other =
		codec_is_built(OVD_CODEC_PROTOBUF) ? OVD_CODEC_PROTOBUF : OVD_CODEC_JSON;

	CHECK_INT(codec_of(VIEW_LITERAL("{}")), OVD_CODEC_JSON);
	CHECK_INT(codec_of(VIEW_LITERAL(" {}")), OVD_CODEC_JSON);
	CHECK_INT(codec_of(VIEW_LITERAL("\x7f")), OVD_CODEC_JSON);
	CHECK_INT(codec_of(VIEW_LITERAL("")), OVD_CODEC_JSON);
	CHECK_INT(codec_of(VIEW_LITERAL("\x80")), other);
	CHECK_INT(codec_of(VIEW_LITERAL("\x82\x01")), other);
	CHECK_INT(codec_of(VIEW_LITERAL("\xff")), other);
}

TEST(json_is_always_there)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct ovd_view body = check_edge("{\"op\":\"clear\",\"id\":7}", 21, BUF_SLACK);
	struct sample_order order;
	struct ovd_fault fault;
	uint64_t id;

	CHECK(codec_is_built(OVD_CODEC_JSON));
	CHECK_INT(codec_decode(OVD_CODEC_JSON, &sample_order_table, body, &arena, &order, &fault),
		  0);
	CHECK_INT(codec_encode(OVD_CODEC_JSON, &sample_order_table, &order, &arena, &out), 0);
	CHECK_VIEW(buf_view(&out), "{\"op\":\"clear\"}");
	CHECK_INT(
		codec_peek_u64(OVD_CODEC_JSON, &sample_order_table, body, VIEW_LITERAL("id"), &id),
		0);
	CHECK_U64(id, 7);
}

#if !WITH_PROTOBUF
TEST(protobuf_that_is_not_built_in)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct sample_order order = { .kind = SAMPLE_CLEAR };
	struct ovd_fault fault;
	uint64_t id;

	CHECK(!codec_is_built(OVD_CODEC_PROTOBUF));
	CHECK_INT(codec_decode(OVD_CODEC_PROTOBUF, &sample_order_table, VIEW_LITERAL("\x82\x01\0"),
			       &arena, &order, &fault),
		  -EBADMSG);
	CHECK_STR(fault.text, "protobuf is not built in");
	CHECK_INT(codec_encode(OVD_CODEC_PROTOBUF, &sample_order_table, &order, &arena, &out),
		  -ENOTSUP);
	CHECK_INT(codec_peek_u64(OVD_CODEC_PROTOBUF, &sample_order_table, VIEW_LITERAL("\x82\x01"),
				 VIEW_LITERAL("id"), &id),
		  -ENOENT);
}
#endif
