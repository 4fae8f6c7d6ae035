/* overlaygen, a protoc plugin: a CodeGeneratorRequest on standard input, the CodeGeneratorResponse
 * on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen/emit.h"
#include "gen/lint.h"
#include "gen/load.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest request_proto;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse response_proto;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File file_proto;

#define OUTPUTS_MAX 32

static int read_all(struct buf *b)
{
	for (;;) {
		ssize_t n;

		if (buf_reserve(b, 65536) < 0)
			return -1;
		n = read(STDIN_FILENO, b->p + b->n, b->cap - b->n);
		if (n <= 0)
			return (int)n;
		b->n += (size_t)n;
	}
}

static int write_response(const response_proto *response)
{
	size_t n = google__protobuf__compiler__code_generator_response__get_packed_size(response);
	_cleanup_(freep) uint8_t *packed = malloc(n + 1);

	if (!packed)
		return 1;
	google__protobuf__compiler__code_generator_response__pack(response, packed);
	for (size_t done = 0; done < n;) {
		ssize_t w = write(STDOUT_FILENO, packed + done, n - done);

		if (w <= 0)
			return 1;
		done += (size_t)w;
	}
	return 0;
}

static int answer_fault(const char *text)
{
	response_proto response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;

	response.error = (char *)text;
	return write_response(&response);
}

static const Google__Protobuf__FileDescriptorProto *find_file(const request_proto *request,
							      const char *name)
{
	for (size_t i = 0; i < request->n_proto_file; i++)
		if (strcmp(request->proto_file[i]->name, name) == 0)
			return request->proto_file[i];
	return NULL;
}

static const char *output_path(struct model *m, const char *path)
{
	const char *mark = strchr(path, '%');

	return mark ? model_text(m, "%.*s%s%s", (int)(mark - path), path, m->base, mark + 1) : path;
}

static int answer_outputs(struct model *m)
{
	response_proto response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
	file_proto files[OUTPUTS_MAX], *pointers[OUTPUTS_MAX];
	struct text texts[OUTPUTS_MAX] = { { .failed = false } };
	int r = 0;

	for (size_t i = 0; outputs[i].path; i++) {
		outputs[i].emit(m, &texts[i]);
		text_put(&texts[i], "%c", '\0');
		r |= texts[i].failed;
		google__protobuf__compiler__code_generator_response__file__init(&files[i]);
		files[i].name = (char *)output_path(m, outputs[i].path);
		files[i].content = texts[i].buf.p;
		pointers[i] = &files[i];
		response.n_file++;
	}
	response.file = pointers;
	if (r == 0)
		r = write_response(&response);
	for (size_t i = 0; i < response.n_file; i++)
		text_done(&texts[i]);
	return r;
}

static int generate(const request_proto *request)
{
	const Google__Protobuf__FileDescriptorProto *file =
		request->n_file_to_generate == 1 ? find_file(request, request->file_to_generate[0])
						 : NULL;
	_cleanup_(model_done) struct model m = { .file = NULL };

	if (!file)
		return answer_fault("overlaygen takes one schema at a time");
	if (model_load(&m, file) < 0 ||
	    model_keep_descriptors(&m, request->proto_file, request->n_proto_file) < 0)
		return answer_fault("the options of the schema can't be read");
	model_lint(&m);
	if (m.faults.n > 0)
		return buf_append(&m.faults, "", 1) < 0 ? 1 : answer_fault(m.faults.p);
	return answer_outputs(&m);
}

int main(void)
{
	_cleanup_(buf_done) struct buf in = { .p = NULL };
	request_proto *request;
	int r;

	if (read_all(&in) < 0)
		return 1;
	request = google__protobuf__compiler__code_generator_request__unpack(
		NULL, in.n, (const uint8_t *)buf_view(&in).p);
	if (!request)
		return answer_fault("the request of protoc can't be read");
	r = generate(request);
	google__protobuf__compiler__code_generator_request__free_unpacked(request, NULL);
	return r;
}
