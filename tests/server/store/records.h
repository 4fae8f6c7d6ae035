/* Records of each kind, their texts, and what a store has of them. */
#pragma once

#include "server/store/store.h"

extern const struct state_record node, web, peer, container, lease;

#define NODE "{\"record\":\"node\",\"version\":1,\"node_id\":7,\"imported\":false}\n"
#define WEB                                                                                        \
	"{\"record\":\"service\",\"name\":\"web\",\"mode\":\"isolated\",\"link\":\"zl-web-b\","    \
	"\"blocks\":[{\"ip\":\"10.200.4.64\",\"length\":26}],\"leaving\":false}\n"
#define PEER                                                                                       \
	"{\"record\":\"peer\",\"key\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","           \
	"\"endpoint\":\"192.0.2.1:51820\",\"keepalive\":25,"                                       \
	"\"allowed\":[{\"ip\":\"10.200.4.64\",\"length\":26}]}\n"
#define CONTAINER                                                                                  \
	"{\"record\":\"attachment\",\"netns_dev\":4,\"netns_ino\":4026532000,\"pid\":77,"          \
	"\"start_time\":123456,\"service\":\"web\",\"ip\":\"10.200.4.66\","                        \
	"\"asked_join\":false,\"ephemeral\":false,\"unfinished\":false}\n"
#define LEASE "{\"record\":\"lease\",\"ip\":\"10.200.4.67\"}\n"

/* All that the store has is these texts, one behind the other in its order. */
void check_all(struct store *s, const char *wanted);

/* The same of a store that has so many beside them that can't be read. */
void check_read(struct store *s, const char *wanted, unsigned n_unread);
