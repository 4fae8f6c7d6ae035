/* Protobuf by protoc's C++, which keeps its message and its text, and the memory of both, from one
 * time to the next. The functions of struct codec in codec.h. */
#include <cstdlib>
#include <string>

#include "overlayd.pb.h"

struct subject {
	std::string body;
	overlayd::Frame frame;
	std::string out;
};

extern "C" {

void *codec_open(const char *p, size_t n)
{
	subject *s = new subject{ std::string(p, n), {}, {} };

	if (s->frame.ParseFromString(s->body))
		return s;
	delete s;
	return nullptr;
}

void codec_decode(void *subject_, unsigned times)
{
	subject *s = static_cast<subject *>(subject_);

	for (unsigned i = 0; i < times; i++)
		if (!s->frame.ParseFromString(s->body))
			abort();
}

void codec_encode(void *subject_, unsigned times)
{
	subject *s = static_cast<subject *>(subject_);

	for (unsigned i = 0; i < times; i++)
		if (!s->frame.SerializeToString(&s->out))
			abort();
}

const char *codec_bytes(const void *subject_, size_t *ret_n)
{
	const subject *s = static_cast<const subject *>(subject_);

	*ret_n = s->out.size();
	return s->out.data();
}

void codec_close(void *subject_)
{
	delete static_cast<subject *>(subject_);
}
}
