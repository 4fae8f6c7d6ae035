/* Texts of a request into values; each that refuses answers the call. */
#pragma once

#include "runtime/ip.h"
#include "runtime/key.h"
#include "schema/overlayd.h"
#include "server/engine/engine.h"
#include "server/ipc/call.h"

/* 0; or -EINVAL, and the call is answered with the field, its value and what is wrong. */
int parse_cidr(struct call *call, const char *field, struct ovd_view text, struct ovd_cidr *ret);
int parse_key(struct call *call, const char *field, struct ovd_view text, struct ovd_key *ret);

/* Prefixes separated by commas, blanks around them; an empty text is none. The list lies in the
 * call's arena. */
int parse_cidr_list(struct call *call, const char *field, struct ovd_view text,
		    const struct ovd_cidr **ret, size_t *ret_n);

/* host:port, ip:port, [v6]:port. A host name comes back in ret_host, and ret is not set. */
int parse_endpoint(struct call *call, const char *field, struct ovd_view text,
		   struct ovd_endpoint *ret, struct ovd_view *ret_host);

/* All of a peer. */
int parse_peer(struct call *call, const struct ovd_peer_spec *request, struct peer_spec *ret);

/* All of it but the handle. */
int parse_attach(struct call *call, const struct ovd_attach_container *request,
		 struct attach_spec *ret);

/* Whose tunnel it means. */
struct ovd_view parse_scope(const struct ovd_peer_scope *scope);
