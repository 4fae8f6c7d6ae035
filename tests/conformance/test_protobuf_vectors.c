/* Every vector from JSON to protobuf and back, and what protobuf's own tools make of it. */
#include <errno.h>
#include <fcntl.h>
#include <protobuf-c/protobuf-c.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/json.h"
#include "runtime/protobuf.h"
#include "runtime/row.h"
#include "tests/conformance/vectors.h"

#define DATA "tests/data/vectors/"

extern char **environ;

/* ---- our tables and protoc-c's descriptors ---- */

static size_t n_compared;

static void compare_union(const struct ovd_union *u, const ProtobufCMessageDescriptor *d);

static void compare_fields(const struct ovd_fields *fields, const struct ovd_row *rows,
			   const ProtobufCMessageDescriptor *d)
{
	CASE("%s", d->name);
	CHECK_INT(fields->n, d->n_fields);
	for (unsigned i = 0; i < fields->n; i++) {
		const struct ovd_field *field = &fields->items[i];
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		const struct ovd_row *row = &rows[field->row];
		const struct ovd_object *object = row->type;

		CASE("%s.%s", d->name, f->name);
		n_compared++;
		CHECK_INT(field->number, f->id);
		if (field->flat) {
			compare_fields(field->flat, rows, f->descriptor);
			continue;
		}
		CHECK_VIEW(OVD_ROW_KEY(row), f->name);
		CHECK_INT(row->flags & OVD_LIST ? 1 : 0, f->label == PROTOBUF_C_LABEL_REPEATED);
		if (row->kind == OVD_KIND_OBJECT)
			compare_fields(&object->fields, object->rows, f->descriptor);
		else if (row->kind == OVD_KIND_UNION)
			compare_union(row->type, f->descriptor);
		else if (row->kind == OVD_KIND_TEXT || row->kind == OVD_KIND_IP)
			CHECK_INT(f->type, PROTOBUF_C_TYPE_BYTES);
		else
			CHECK(f->type != PROTOBUF_C_TYPE_BYTES &&
			      f->type != PROTOBUF_C_TYPE_MESSAGE);
	}
}

static void compare_union(const struct ovd_union *u, const ProtobufCMessageDescriptor *d)
{
	CASE("%s", d->name);
	CHECK_INT(u->n_variants, d->n_fields);
	for (unsigned i = 0; i < u->n_variants; i++) {
		const struct ovd_variant *variant = &u->variants[i];
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field(d, variant->number);

		CASE("%s.%s", d->name, variant->name);
		CHECK(f);
		CHECK_STR(f->name, variant->name);
		if (variant->inner)
			compare_union(variant->inner, f->descriptor);
		else
			compare_fields(&variant->object->fields, variant->object->rows,
				       f->descriptor);
	}
}

TEST(tables_are_as_protoc_c_has_them)
{
	compare_union(ovd_frame_table.union_, ovd_frame_table.protobuf);
	compare_union(ovd_request_table.union_, ovd_request_table.protobuf);
	compare_union(ovd_response_table.union_, ovd_response_table.protobuf);
	compare_union(ovd_event_table.union_, ovd_event_table.protobuf);
	compare_fields(&ovd_edge_config_table.object->fields, ovd_edge_config_table.object->rows,
		       ovd_edge_config_table.protobuf);
	CHECK(n_compared > 200);
}

/* ---- both ways ---- */

/* A copy with the slack behind it that readers want. */
static struct ovd_view readable(struct buf *b)
{
	CHECK_INT(buf_append(b, "", 1), 0);
	b->n--;
	return buf_view(b);
}

static void check_fault(int r, const struct ovd_fault *fault)
{
	char text[FAULT_LINE_MAX];

	if (r < 0)
		check_fail(__FILE__, __LINE__, "refused: %s",
			   r == -EBADMSG ? fault_text(fault, text) : strerror(-r));
}

static void both_ways(const struct record *record)
{
	_cleanup_(buf_done) struct buf pb = { .p = NULL }, again = { .p = NULL },
				       json = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	const struct ovd_table *table = record_table(record);
	union document document;
	struct ovd_fault fault;

	CASE("%s %s: %.*s", record->type, record->name, (int)MIN(record->body.n, (size_t)200),
	     record->body.p);
	if (!record->accepted)
		return;
	check_fault(json_decode(table, record->body, &arena, &document, &fault), &fault);
	CHECK_INT(protobuf_encode(table, &document, &arena, &pb), 0);
	memset(&document, 0xa5, sizeof(document));
	check_fault(protobuf_decode(table, readable(&pb), &arena, &document, &fault), &fault);
	CHECK_INT(json_encode(table, &document, &json), 0);
	if (!view_eq(buf_view(&json), record->canonical))
		check_fail(__FILE__, __LINE__, "came back as %.*s\n  not as       %.*s",
			   VIEW(buf_view(&json)), VIEW(record->canonical));
	CHECK_INT(protobuf_encode(table, &document, &arena, &again), 0);
	CHECK(view_eq(buf_view(&again), buf_view(&pb)));
	if (strcmp(record->type, "frame") == 0)
		CHECK((unsigned char)pb.p[0] >= 0x80);
}

/* Bodies of 0.12, some of which are written in a newer form. */
static void both_ways_of_0_12(const struct record *record)
{
	_cleanup_(buf_done) struct buf newer = { .p = NULL };
	struct record now = *record;

	CHECK(recode(record, record->body, &newer));
	now.canonical = buf_view(&newer);
	both_ways(&now);
}

TEST(both_ways)
{
	CHECK_INT(each_record(DATA "contract-0.12.jsonl", both_ways_of_0_12), 655);
	CHECK_INT(each_record(DATA "contract-0.14.jsonl", both_ways), 818);
	CHECK_INT(each_record(DATA "contract-0.13.jsonl", both_ways), 757);
	CHECK_INT(each_record(DATA "older-lines.jsonl", both_ways), 43);
}

/* Bodies of other shapes than a writer's: what they hold is the same in both forms. */
TEST(verdicts_both_ways)
{
	CHECK_INT(each_record(DATA "verdicts.jsonl", both_ways), 5733);
}

/* What is missing has its default, into memory full of other bytes. */
TEST(defaults)
{
	static const char body[] = "\x1a\x0f\x0a\x01"
				   "d\x12\x01i\x1a\x01"
				   "c\x28\x01\x3a\x02\x1a\x00";
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	const struct ovd_setup_global_overlay *setup;
	struct ovd_request request;
	struct ovd_fault fault;

	memset(&request, 0xa5, sizeof(request));
	check_fault(protobuf_decode(&ovd_request_table,
				    check_edge(body, sizeof(body) - 1, BUF_SLACK), &arena, &request,
				    &fault),
		    &fault);
	CHECK_INT(request.kind, OVD_REQUEST_SETUP_GLOBAL_OVERLAY);
	setup = &request.setup_global_overlay;
	CHECK(!setup->slice_cidr.p && !setup->has_nat_enabled && !setup->host_adapter_mandatory);
	CHECK(setup->has_nat && !setup->nat.enabled && !setup->nat.has_relay_server);
	CHECK_INT(setup->nat.stun_servers.n, 0);
	CHECK_INT(setup->nat.turn_servers.n, 1);
	CHECK_VIEW(setup->nat.turn_servers.items[0].addr, "");
	CHECK_VIEW(setup->nat.turn_servers.items[0].credential, "");
	CHECK_U64(setup->nat.max_candidate_pairs, 0);
}

/* ---- protoc ---- */

/* One message that holds all vectors, in protobuf's text form and as ours writes them. */
static struct buf all_text, all_bytes;

static void text_union(const struct ovd_union *u, const void *at);

static void put(const char *text)
{
	CHECK_INT(buf_text(&all_text, text), 0);
}

static void text_string(struct ovd_view text)
{
	put("\"");
	for (size_t i = 0; i < text.n; i++)
		CHECK_INT(buf_printf(&all_text, "\\%03o", (unsigned char)text.p[i]), 0);
	put("\"");
}

static void text_fields(const struct ovd_fields *fields, const struct ovd_row *rows,
			const void *object);

static void text_value(const struct ovd_row *row, const void *at)
{
	const struct ovd_object *object = row->type;
	char ip[IP_TEXT_MAX];
	int r = 0;

	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		put(*(const bool *)at ? ": true" : ": false");
		break;
	case OVD_KIND_UINT:
		r = buf_printf(&all_text, ": %llu", (unsigned long long)uint_load(at, row->width));
		break;
	case OVD_KIND_INT:
		r = buf_printf(&all_text, ": %lld", (long long)int_load(at, row->width));
		break;
	case OVD_KIND_ENUM:
		r = buf_printf(&all_text, ": %d", *(const int *)at);
		break;
	case OVD_KIND_TEXT:
		put(": ");
		text_string(*(const struct ovd_view *)at);
		break;
	case OVD_KIND_IP:
		r = buf_printf(&all_text, ": \"%s\"", ip_format(at, ip));
		break;
	case OVD_KIND_OBJECT:
		put(" { ");
		text_fields(&object->fields, object->rows, at);
		put("}");
		break;
	case OVD_KIND_UNION:
		put(" { ");
		text_union(row->type, at);
		put("}");
		break;
	}
	CHECK_INT(r, 0);
	put(" ");
}

static void text_row(const struct ovd_row *row, const void *object)
{
	struct ovd_view key = OVD_ROW_KEY(row);
	const struct ovd_list *list = row_value(row, object);

	if (row->flags & OVD_LIST) {
		for (size_t i = 0; i < list->n; i++) {
			CHECK_INT(buf_append(&all_text, key.p, key.n), 0);
			text_value(row, (const char *)list->items + i * row->item_size);
		}
	} else if (!row_left_out(row, object)) {
		CHECK_INT(buf_append(&all_text, key.p, key.n), 0);
		text_value(row, row_value(row, object));
	}
}

static void text_fields(const struct ovd_fields *fields, const struct ovd_row *rows,
			const void *object)
{
	for (unsigned i = 0; i < fields->n; i++) {
		if (!fields->items[i].flat) {
			text_row(&rows[fields->items[i].row], object);
			continue;
		}
		put("peer { "); /* the one that is flattened: AddPeer's */
		text_fields(fields->items[i].flat, rows, object);
		put("} ");
	}
}

static void text_union(const struct ovd_union *u, const void *at)
{
	const struct ovd_variant *variant = union_variant(u, at);

	CHECK_INT(buf_printf(&all_text, "%s { ", variant->name), 0);
	at = (const char *)at + variant->offset;
	if (variant->inner)
		text_union(variant->inner, at);
	else
		text_fields(&variant->object->fields, variant->object->rows, at);
	put("} ");
}

static void put_varint(struct buf *b, size_t n)
{
	for (; n >= 0x80; n >>= 7)
		CHECK_INT(buf_append(b, &(char){ (char)(n | 0x80) }, 1), 0);
	CHECK_INT(buf_append(b, &(char){ (char)n }, 1), 0);
}

static void add_to_all(const struct record *record)
{
	_cleanup_(buf_done) struct buf pb = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	const struct ovd_table *table = record_table(record);
	union document document;
	struct ovd_fault fault;
	bool first = all_text.n == 0;
	char tag = record->type[2] == 'a'   ? 1
		   : record->type[2] == 'q' ? 2
		   : record->type[2] == 's' ? 3
					    : 4;

	if (!record->accepted)
		return;
	CHECK_INT(json_decode(table, record->body, &arena, &document, &fault), 0);
	CHECK_INT(protobuf_encode(table, &document, &arena, &pb), 0);
	CHECK_INT(buf_append(&all_bytes, &(char){ 10 }, 1), 0);
	put_varint(&all_bytes, 1 + (pb.n < 0x80 ? 1 : pb.n < 0x4000 ? 2 : 3) + pb.n);
	CHECK_INT(buf_append(&all_bytes, &(char){ (char)(tag << 3 | 2) }, 1), 0);
	put_varint(&all_bytes, pb.n);
	CHECK_INT(buf_append(&all_bytes, pb.p, pb.n), 0);
	CHECK_INT(buf_printf(&all_text, "%sone { %s { ", first ? "" : "\n", record->type), 0);
	text_union(table->union_, &document);
	put("} }");
}

static const char schema[] = "syntax = \"proto2\";\n"
			     "import \"overlayd.proto\";\n"
			     "message One {\n"
			     "  optional overlayd.Frame frame = 1;\n"
			     "  optional overlayd.Request request = 2;\n"
			     "  optional overlayd.Response response = 3;\n"
			     "  optional overlayd.Event event = 4;\n"
			     "}\n"
			     "message All { repeated One one = 1; }\n";

static void write_file(const char *name, struct ovd_view text)
{
	FILE *file = fopen(name, "we");

	CHECK(file);
	CHECK_INT(fwrite(text.p, 1, text.n, file), text.n);
	CHECK_INT(fclose(file), 0);
}

static void run_protoc(const char *dir, char *mode, const char *in, const char *out)
{
	char include[128];
	char *argv[] = { (char *)"protoc",    include, (char *)"-Ischema", mode,
			 (char *)"all.proto", NULL };
	posix_spawn_file_actions_t files;
	int r, status;
	pid_t pid;

	snprintf(include, sizeof(include), "-I%s", dir);
	CHECK_INT(posix_spawn_file_actions_init(&files), 0);
	CHECK_INT(posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0), 0);
	CHECK_INT(posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT, 0600), 0);
	r = posix_spawnp(&pid, "protoc", &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (r == ENOENT)
		SKIP("no protoc here");
	CHECK_INT(r, 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

static void same(const char *path, struct ovd_view want)
{
	struct ovd_view got = check_file(path);
	size_t i = 0;

	while (i < got.n && i < want.n && got.p[i] == want.p[i])
		i++;
	if (got.n != want.n || i < got.n)
		check_fail(__FILE__, __LINE__, "%s: %zu bytes, not %zu; they differ from byte %zu",
			   path, got.n, want.n, i);
}

/* From the names of the fields protoc makes the bytes that ours makes from their numbers; and from
 * ours a text that gives them again. */
TEST(protoc_reads_and_writes_the_same)
{
	char dir[] = "/tmp/protoc-XXXXXX", path[5][64];
	static const char *const names[] = { "all.proto", "text", "from_text", "decoded", "again" };

	CHECK(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s", dir, names[i]);
	CHECK_INT(each_record(DATA "contract-0.14.jsonl", add_to_all), 818);
	CHECK_INT(each_record(DATA "contract-0.13.jsonl", add_to_all), 757);
	CHECK_INT(each_record(DATA "contract-0.12.jsonl", add_to_all), 655);
	CHECK_INT(each_record(DATA "older-lines.jsonl", add_to_all), 43);
	CHECK_INT(each_record(DATA "verdicts.jsonl", add_to_all), 5733);
	write_file(path[0], view(schema));
	write_file(path[1], buf_view(&all_text));
	run_protoc(dir, (char *)"--encode=All", path[1], path[2]);
	same(path[2], buf_view(&all_bytes));
	run_protoc(dir, (char *)"--decode=All", path[2], path[3]);
	run_protoc(dir, (char *)"--encode=All", path[3], path[4]);
	same(path[4], buf_view(&all_bytes));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK_INT(unlink(path[i]), 0);
	CHECK_INT(rmdir(dir), 0);
	buf_done(&all_text);
	buf_done(&all_bytes);
}
