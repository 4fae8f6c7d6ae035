/* What clients send that is no request, on every system. */
#pragma once

/* A body, and what the err for it must hold. */
static const struct {
	const char *body;
	const char *id, *text;
} bad_bodies[] = {
	{ "garbage", "\"id\":0,",
	  "expected an object (byte 0)\",\"code\":\"malformed\",\"offset\":0}" },
	{ "{", "\"id\":0,", "expected a key (byte 1)" },
	{ "[]", "\"id\":0,", "expected an object" },
	{ "{}", "\"id\":0,", "frame: the key is missing" },
	{ "{\"frame\":\"request\",\"id\":5,\"request\":{\"op\":\"nope\"}}", "\"id\":5,",
	  "request.op: unknown: nope (byte 42)" },
	{ "{\"frame\":\"request\",\"id\":6,\"request\":{\"op\":\"set_local_node_id\"}}",
	  "\"id\":6,", "request.node_id: the key is missing" },
	{ "{\"frame\":\"request\",\"request\":{\"op\":\"status\",\"op\":\"status\"},\"id\":7}",
	  "\"id\":7,", "stands twice" },
	{ "{\"frame\":\"request\",\"request\":{\"op\":\"nope\"},\"id\":18446744073709551615}",
	  "\"id\":18446744073709551615,", "unknown" },
	{ "{\"frame\":\"request\",\"request\":{\"op\":\"nope\"},\"id\":-1}", "\"id\":0,",
	  "unknown" },
	{ "{\"frame\":\"request\",\"id\":8,\"request\":{\"op\":\"status\"}}x", "\"id\":8,",
	  "behind the document" },
	{ "{\"frame\":\"request\",\"id\":9,\"request\":{\"op\":\"register_dns\",\"name\":"
	  "\"\\u0000\",\"ip\":\"10.0.0.1\"}}",
	  "\"id\":9,", "NUL" },
	{ "{\"frame\":\"request\",\"id\":10,\"request\":{\"op\":\"release_ip\",\"ip\":\"10.0.0."
	  "256\"}}",
	  "\"id\":10,", "request.ip: not an IP address (byte 61)" },
	{ "{\"frame\":\"request\",\"id\":11,\"request\":{\"op\":\"setup_global_overlay\","
	  "\"deployment\":\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"c\",\"wg_port\":65536}}",
	  "\"id\":11,", "request.wg_port: expected an integer from 0 to 65535" },
	{ "{\"frame\":\"request\",\"id\":12,\"request\":{\"op\":\"setup_global_overlay\","
	  "\"deployment\":\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"c\",\"wg_port\":1,"
	  "\"nat\":{\"stun_servers\":[\"a\",\"b\",3]}}}",
	  "\"id\":12,", "request.nat.stun_servers[2]: expected a string" },
	{ "{\"frame\":\"request\",\"id\":13,\"request\":{\"op\":\"set_local_node_id\",\"node_id\":"
	  "0.5}}",
	  "\"id\":13,", "\"field\":\"request.node_id\",\"offset\":" },
};
