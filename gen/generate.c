#include "gen/generate.h"

#include <stdlib.h>
#include <string.h>

#include "gen/emit.h"
#include "gen/lint.h"
#include "gen/load.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest request_proto;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse response_proto;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File file_proto;

#define OUTPUTS_MAX 32

static int put_response(struct buf *out, const response_proto *response)
{
	size_t n = google__protobuf__compiler__code_generator_response__get_packed_size(response);

	if (buf_reserve(out, n) < 0)
		return -ENOMEM;
	out->n += google__protobuf__compiler__code_generator_response__pack(
		response, (uint8_t *)out->p + out->n);
	return 0;
}

static int answer_fault(struct buf *out, const char *text)
{
	response_proto response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;

	response.error = (char *)text;
	return put_response(out, &response);
}

static const Google__Protobuf__FileDescriptorProto *find_file(const request_proto *request,
							      const char *name)
{
	for (size_t i = 0; i < request->n_proto_file; i++)
		if (request->proto_file[i]->name && strcmp(request->proto_file[i]->name, name) == 0)
			return request->proto_file[i];
	return NULL;
}

static const char *output_path(struct model *m, const char *path)
{
	const char *mark = strchr(path, '%');

	return mark ? model_text(m, "%.*s%s%s", (int)(mark - path), path, m->base, mark + 1) : path;
}

static int answer_outputs(struct model *m, struct buf *out)
{
	response_proto response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
	file_proto files[OUTPUTS_MAX], *pointers[OUTPUTS_MAX];
	struct text texts[OUTPUTS_MAX] = { { .failed = false } };
	int r = 0;

	for (size_t i = 0; outputs[i].path; i++) {
		outputs[i].emit(m, &texts[i]);
		text_put(&texts[i], "%c", '\0');
		if (texts[i].failed)
			r = -ENOMEM;
		google__protobuf__compiler__code_generator_response__file__init(&files[i]);
		files[i].name = (char *)output_path(m, outputs[i].path);
		files[i].content = texts[i].buf.p;
		pointers[i] = &files[i];
		response.n_file++;
	}
	response.file = pointers;
	if (r == 0)
		r = put_response(out, &response);
	for (size_t i = 0; i < response.n_file; i++)
		text_done(&texts[i]);
	return r;
}

static int answer(const request_proto *request, struct buf *out)
{
	const Google__Protobuf__FileDescriptorProto *file =
		request->n_file_to_generate == 1 ? find_file(request, request->file_to_generate[0])
						 : NULL;
	_cleanup_(model_done) struct model m = { .file = NULL };

	if (!file)
		return answer_fault(out, "overlaygen takes one schema at a time");
	if (model_load(&m, file) < 0 ||
	    model_keep_descriptors(&m, request->proto_file, request->n_proto_file) < 0)
		return answer_fault(out,
				    "the descriptors of the schema, or its options, can't be read");
	model_lint(&m);
	if (m.faults.n > 0)
		return buf_append(&m.faults, "", 1) < 0 ? -ENOMEM : answer_fault(out, m.faults.p);
	return answer_outputs(&m, out);
}

int generate(struct ovd_view request, struct buf *response)
{
	request_proto *unpacked = google__protobuf__compiler__code_generator_request__unpack(
		NULL, request.n, (const uint8_t *)request.p);
	int r;

	if (!unpacked)
		return answer_fault(response, "the request of protoc can't be read");
	r = answer(unpacked, response);
	google__protobuf__compiler__code_generator_request__free_unpacked(unpacked, NULL);
	return r;
}
