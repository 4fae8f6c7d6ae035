#include <dlfcn.h>
#include <errno.h>

#include "tests/bench/codec.h"

int codec_load(const char *path, const char *name, struct codec *ret)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct codec codec = { .name = name };

	if (!object)
		return -ENOENT;
	codec.open = dlsym(object, "codec_open");
	codec.decode = dlsym(object, "codec_decode");
	codec.encode = dlsym(object, "codec_encode");
	codec.bytes = dlsym(object, "codec_bytes");
	codec.close = dlsym(object, "codec_close");
	if (!codec.open || !codec.decode || !codec.encode || !codec.bytes || !codec.close)
		return -ENOENT;
	*ret = codec;
	return 0;
}
