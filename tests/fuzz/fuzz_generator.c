/* The generator's own input, a CodeGeneratorRequest: whatever it is, there is an answer that protoc
 * can read, which holds either outputs or a reason. */
#include "gen/generate.h"

#include "google/protobuf/compiler/plugin.pb-c.h"
#include "tests/fuzz/fuzz.h"

typedef Google__Protobuf__Compiler__CodeGeneratorResponse response_proto;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf out = { .p = NULL };
	response_proto *response;

	MUST(generate((struct ovd_view){ .p = (const char *)data, .n = n }, &out) == 0);
	response = google__protobuf__compiler__code_generator_response__unpack(
		NULL, out.n, (const uint8_t *)out.p);
	MUST(response && !response->error == (response->n_file > 0));
	google__protobuf__compiler__code_generator_response__free_unpacked(response, NULL);
	buf_done(&out);
	return 0;
}
