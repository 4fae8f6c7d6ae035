#include "client/ctl/print.h"

#include <stdio.h>

#include "tests/check.h"

#define NOW 1700000000

/* Prints an answer that came as JSON. The text is the caller's to free. */
static char *printed(const char *json)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	struct ovd_response response;
	struct ovd_fault fault;
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	buf_append(&body, json, strlen(json) + 1);
	body.n--;
	if (ovd_response_decode(buf_view(&body), &arena, &response, &fault) < 0)
		check_fail(__FILE__, __LINE__, "%s: %s: %s", json, fault.path, fault.text);
	print_response(out, &response, NOW);
	fclose(out);
	return text;
}

static void check_printed(const char *json, const char *want)
{
	_cleanup_(freep) char *got = printed(json);

	CHECK_STR(got, want);
}

#define KEY "E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0="
#define NODE                                                                                       \
	"{\"result\":\"status\",\"interface\":\"zl-d-1-g\",\"node_ip\":\"10.200.4.1\","            \
	"\"public_key\":\"" KEY "\",\"overlay_cidr\":\"10.200.0.0/16\","                           \
	"\"slice_cidr\":\"10.200.4.0/24\","

TEST(status_of_a_bare_node)
{
	check_printed("{\"result\":\"status\",\"peer_count\":0,\"service_count\":0}",
		      "peer_count     0\n"
		      "service_count  0\n");
}

TEST(status_without_peers)
{
	check_printed(NODE "\"peer_count\":0,\"service_count\":1}", "interface      zl-d-1-g\n"
								    "node_ip        10.200.4.1\n"
								    "public_key     " KEY "\n"
								    "overlay_cidr   10.200.0.0/16\n"
								    "slice_cidr     10.200.4.0/24\n"
								    "peer_count     0\n"
								    "service_count  1\n");
}

TEST(status_with_one_peer)
{
	check_printed(
		"{\"result\":\"status\",\"peer_count\":1,\"service_count\":0,\"peers\":["
		"{\"public_key\":\"K\",\"endpoint\":\"192.0.2.2:51820\","
		"\"allowed_ips\":\"10.200.5.0/24\",\"last_handshake_unix_secs\":1699999993}]}",
		"peer_count     1\n"
		"service_count  0\n"
		"\n"
		"PUBLIC KEY  ENDPOINT         ALLOWED IPS    LAST HANDSHAKE\n"
		"K           192.0.2.2:51820  10.200.5.0/24  7 s ago\n");
}

TEST(status_with_three_peers)
{
	check_printed(
		"{\"result\":\"status\",\"peer_count\":3,\"service_count\":0,\"peers\":["
		"{\"public_key\":\"" KEY "\",\"endpoint\":\"192.0.2.2:51820\","
		"\"allowed_ips\":\"10.200.5.0/24\",\"last_handshake_unix_secs\":0},"
		"{\"public_key\":\"B\",\"endpoint\":\"[2001:db8::2]:51820\","
		"\"allowed_ips\":\"10.200.6.0/24,fd00:200:6::/64\","
		"\"last_handshake_unix_secs\":1699999000},"
		"{\"public_key\":\"C\",\"endpoint\":\"\",\"allowed_ips\":\"\","
		"\"last_handshake_unix_secs\":1699900000}],"
		"\"dedicated_services\":[{\"service\":\"db\",\"interface\":\"zl-d-1-db\","
		"\"public_key\":\"D\",\"listen_port\":51821,\"overlay_ip\":\"fd00::1\","
		"\"subnet\":\"fd00::/120\",\"peer_count\":2}]}",
		"peer_count     3\n"
		"service_count  0\n"
		"\n"
		"PUBLIC KEY                                    ENDPOINT             ALLOWED IPS  "
		"                  LAST HANDSHAKE\n" KEY
		"  192.0.2.2:51820      10.200.5.0/24                  never\n"
		"B                                             [2001:db8::2]:51820  "
		"10.200.6.0/24,fd00:200:6::/64  16 min ago\n"
		"C                                             -                    -            "
		"                  27 h ago\n"
		"\n"
		"SERVICE  INTERFACE  PUBLIC KEY  LISTEN PORT  OVERLAY IP  SUBNET      PEER COUNT\n"
		"db       zl-d-1-db  D           51821        fd00::1     fd00::/120  2\n");
}

/* Each result but status. */
static const struct {
	const char *json, *text;
} results[] = {
	{ "{\"result\":\"ok\"}", "ok\n" },
	{ "{\"result\":\"ip\",\"ip\":\"fd00::7\"}", "ip  fd00::7\n" },
	{ "{\"result\":\"attached\",\"ip\":\"10.200.4.3\"}", "ip  10.200.4.3\n" },
	{ "{\"result\":\"attached\",\"ip\":\"10.200.4.3\",\"namespace_guid\":\"9e-1\"}",
	  "ip              10.200.4.3\n"
	  "namespace_guid  9e-1\n" },
	{ "{\"result\":\"bridge_name\",\"name\":\"zl-d-1-g\"}", "name  zl-d-1-g\n" },
	{ "{\"result\":\"pruned_bridges\",\"reclaimed\":[]}", "reclaimed  -\n" },
	{ "{\"result\":\"pruned_bridges\",\"reclaimed\":[\"zl-1\",\"zl-2\"]}",
	  "reclaimed  zl-1, zl-2\n" },
	{ "{\"result\":\"service_overlay\",\"name\":\"zl-1\",\"mode\":\"dedicated\","
	  "\"wg_public_key\":\"K\",\"wg_port\":51821,\"overlay_ip\":\"10.0.0.1\","
	  "\"subnet\":\"10.0.0.0/24\"}",
	  "name           zl-1\n"
	  "mode           dedicated\n"
	  "wg_public_key  K\n"
	  "wg_port        51821\n"
	  "overlay_ip     10.0.0.1\n"
	  "subnet         10.0.0.0/24\n" },
	{ "{\"result\":\"service_overlay\",\"name\":\"zl-1\",\"mode\":\"auto\"}", "name  zl-1\n"
										  "mode  auto\n" },
	{ "{\"result\":\"nat_status\",\"last_refresh\":0}", "last_refresh  never\n" },
	{ "{\"result\":\"nat_status\",\"candidates\":[{\"candidate_type\":\"host\","
	  "\"address\":\"192.168.1.5:51820\",\"priority\":100}],\"peers\":[{\"node_id\":\"N\","
	  "\"connection_type\":\"direct\"},{\"node_id\":\"M\",\"connection_type\":\"relayed\","
	  "\"remote_endpoint\":\"[::1]:1\"}],\"last_refresh\":1699999880}",
	  "last_refresh  2 min ago\n"
	  "\n"
	  "CANDIDATE TYPE  ADDRESS            PRIORITY\n"
	  "host            192.168.1.5:51820  100\n"
	  "\n"
	  "NODE ID  CONNECTION TYPE  REMOTE ENDPOINT\n"
	  "N        direct           -\n"
	  "M        relayed          [::1]:1\n" },
	{ "{\"result\":\"edge_peers\",\"peers\":[]}", "peers  -\n" },
	{ "{\"result\":\"edge_peers\",\"peers\":[{\"name\":\"ci\",\"overlay_ip\":\"10.0.0.9\","
	  "\"public_key\":\"Q\",\"minted_at_unix\":1699999990,\"expires_at_unix\":1700000600,"
	  "\"allowed\":[\"10.0.0.0/8\",\"fd00::/8\"]}]}",
	  "\n"
	  "NAME  OVERLAY IP  PUBLIC KEY  MINTED AT UNIX  EXPIRES AT UNIX  LAST HANDSHAKE  ALLOWED\n"
	  "ci    10.0.0.9    Q           10 s ago        in 10 min        -               "
	  "10.0.0.0/8, fd00::/8\n" },
	{ "{\"result\":\"err\",\"message\":\"no such service: web\"}",
	  "message  no such service: web\n" },
};

TEST(each_result)
{
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		CASE("%s", results[i].json);
		check_printed(results[i].json, results[i].text);
	}
}

/* They come with private keys, which a screen is no place for. */
TEST(secrets_are_not_shown)
{
	check_printed("{\"result\":\"guest_config\",\"overlay_ip\":\"10.0.0.5\",\"prefix_len\":16,"
		      "\"private_key\":\"hush\",\"public_key\":\"P\",\"listen_port\":51820,"
		      "\"peers\":[{\"public_key\":\"N\",\"endpoint\":\"e:1\",\"allowed_ips\":\"a\","
		      "\"persistent_keepalive_secs\":25,\"candidates\":["
		      "{\"candidate_type\":\"host\",\"address\":\"a:1\",\"priority\":1},"
		      "{\"candidate_type\":\"host\",\"address\":\"b:1\",\"priority\":1}]}]}",
		      "overlay_ip   10.0.0.5\n"
		      "prefix_len   16\n"
		      "private_key  (secret; --json shows it)\n"
		      "public_key   P\n"
		      "listen_port  51820\n"
		      "\n"
		      "PUBLIC KEY  ENDPOINT  ALLOWED IPS  PERSISTENT KEEPALIVE SECS  CANDIDATES\n"
		      "N           e:1       a            25                         2\n");
	check_printed("{\"result\":\"edge_config\",\"version\":1,\"name\":\"ci\","
		      "\"overlay_ip\":\"10.0.0.5\",\"prefix_len\":16,\"private_key\":\"hush\","
		      "\"public_key\":\"P\",\"peers\":[],\"dns_server\":\"10.0.0.1\","
		      "\"expires_at_unix\":1700259200}",
		      "version          1\n"
		      "name             ci\n"
		      "overlay_ip       10.0.0.5\n"
		      "prefix_len       16\n"
		      "private_key      (secret; --json shows it)\n"
		      "public_key       P\n"
		      "peers            -\n"
		      "dns_server       10.0.0.1\n"
		      "expires_at_unix  in 3 d\n");
}

/* What comes from elsewhere steers no terminal, and letters count as one column. */
TEST(foreign_text)
{
	check_printed("{\"result\":\"bridge_name\",\"name\":\"\\u001b[2J\\n\177\\u009b\"}",
		      "name  \\x1b[2J\\x0a\\x7f\\x9b\n");
	check_printed(
		"{\"result\":\"nat_status\",\"last_refresh\":0,\"peers\":["
		"{\"node_id\":\"\303\274\303\274\303\274\303\274\303\274\303\274\303\274\","
		"\"connection_type\":\"x\"},{\"node_id\":\"7 bytes\",\"connection_type\":"
		"\"\\u001b\"}]}",
		"last_refresh  never\n"
		"\n"
		"NODE ID  CONNECTION TYPE  REMOTE ENDPOINT\n"
		"\303\274\303\274\303\274\303\274\303\274\303\274\303\274  x                -\n"
		"7 bytes  \\x1b             -\n");
}

TEST(long_text_is_whole)
{
	char json[1200], want[1200], text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	snprintf(json, sizeof(json), "{\"result\":\"err\",\"message\":\"%s\"}", text);
	snprintf(want, sizeof(want), "message  %s\n", text);
	check_printed(json, want);
}

TEST(ages)
{
	static const struct {
		const char *then, *text;
	} ages[] = {
		{ "0", "never" },
		{ "1700000000", "0 s ago" },
		{ "1699999999", "1 s ago" },
		{ "1699999881", "119 s ago" },
		{ "1699999880", "2 min ago" },
		{ "1699992801", "119 min ago" },
		{ "1699992800", "2 h ago" },
		{ "1699827201", "47 h ago" },
		{ "1699827200", "2 d ago" },
		{ "1", "19675 d ago" },
		{ "1700000001", "in 1 s" },
		{ "1700000120", "in 2 min" },
		/* what no clock shows is a number */
		{ "9223372036854775807", "9223372036854775807" },
		{ "18446744073709551615", "18446744073709551615" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		char json[128], want[128];

		CASE("%s", ages[i].then);
		snprintf(json, sizeof(json), "{\"result\":\"nat_status\",\"last_refresh\":%s}",
			 ages[i].then);
		snprintf(want, sizeof(want), "last_refresh  %s\n", ages[i].text);
		check_printed(json, want);
	}
}

TEST(signed_times)
{
	check_printed("{\"result\":\"status\",\"peer_count\":0,\"service_count\":0,\"peers\":["
		      "{\"public_key\":\"A\",\"endpoint\":\"e\",\"allowed_ips\":\"a\","
		      "\"last_handshake_unix_secs\":-9223372036854775808},"
		      "{\"public_key\":\"A\",\"endpoint\":\"e\",\"allowed_ips\":\"a\","
		      "\"last_handshake_unix_secs\":-1}]}",
		      "peer_count     0\n"
		      "service_count  0\n"
		      "\n"
		      "PUBLIC KEY  ENDPOINT  ALLOWED IPS  LAST HANDSHAKE\n"
		      "A           e         a            -9223372036854775808\n"
		      "A           e         a            -1\n");
}

TEST(text_and_json)
{
	_cleanup_(freep) char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	print_text(out, view("a\033b\nc"));
	print_json(out, view("{\"a\":\"\177\"}"));
	print_text(out, view(""));
	fclose(out);
	CHECK_STR(text, "a\\x1bb\\x0ac\n{\"a\":\"\\u007f\"}\n\n");
}
