#include "runtime/codec.h"

#include <errno.h>

#include "runtime/json.h"
#include "runtime/protobuf.h"

static const char *const names[OVD_N_CODECS] = {
	[OVD_CODEC_JSON] = "json", [OVD_CODEC_PROTOBUF] = "protobuf"
};

const char *codec_name(enum ovd_codec codec)
{
	return names[codec];
}

int codec_parse(struct ovd_view name, enum ovd_codec *ret)
{
	for (int i = 0; i < OVD_N_CODECS; i++)
		if (view_eq(name, view(names[i]))) {
			*ret = (enum ovd_codec)i;
			return 0;
		}
	return -EINVAL;
}

bool codec_is_built(enum ovd_codec codec)
{
	return codec == OVD_CODEC_JSON || WITH_PROTOBUF;
}

enum ovd_codec codec_of(struct ovd_view body)
{
	return WITH_PROTOBUF && body.n > 0 && (unsigned char)body.p[0] >= 0x80 ? OVD_CODEC_PROTOBUF
									       : OVD_CODEC_JSON;
}

int codec_decode(enum ovd_codec codec, const struct ovd_table *table, struct ovd_view body,
		 struct arena *arena, void *out, struct ovd_fault *fault)
{
	switch (codec) {
	case OVD_CODEC_JSON:
		return json_decode(table, body, arena, out, fault);
	case OVD_CODEC_PROTOBUF:
#if WITH_PROTOBUF
		return protobuf_decode(table, body, arena, out, fault);
#else
		return fault_set(fault, 0, "protobuf is not built in");
#endif
	}
	return -EINVAL;
}

int codec_encode(enum ovd_codec codec, const struct ovd_table *table, const void *in,
		 struct arena *arena _unused_, struct buf *out)
{
	switch (codec) {
	case OVD_CODEC_JSON:
		return json_encode(table, in, out);
	case OVD_CODEC_PROTOBUF:
#if WITH_PROTOBUF
		return protobuf_encode(table, in, arena, out);
#else
		return -ENOTSUP;
#endif
	}
	return -EINVAL;
}

int codec_peek_u64(enum ovd_codec codec, const struct ovd_table *table _unused_,
		   struct ovd_view body, struct ovd_view key, uint64_t *ret)
{
	switch (codec) {
	case OVD_CODEC_JSON:
		return json_peek_u64(body, key, ret);
	case OVD_CODEC_PROTOBUF:
#if WITH_PROTOBUF
		return protobuf_peek_u64(table, body, key, ret);
#else
		return -ENOENT;
#endif
	}
	return -EINVAL;
}
