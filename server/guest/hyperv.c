#include "server/guest/hyperv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"
#include "server/guest/json_put.h"

struct guid hv_service_of_port(uint32_t port)
{
	return (struct guid){
		port, 0xfacb, 0x11e6, { 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3 }
	};
}

static bool trustee_is_plain(const char *name)
{
	return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(name);
}

int hv_sddl(const struct hv_trustee *trustees, size_t n, char **ret)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = buf_text(&text, "D:P");

	for (size_t i = 0; i < n && r == 0; i++) {
		if (!trustee_is_plain(trustees[i].name))
			return -EINVAL;
		r = buf_printf(&text, "(A;;FA;;;%s)", trustees[i].name);
	}
	if (r == 0)
		r = buf_append(&text, "", 1);
	if (r < 0)
		return r;
	*ret = text.p;
	text = (struct buf){ 0 };
	return 0;
}

static struct json_object *service_entry(const struct hv_service *service, const char *sddl)
{
	struct json_object *entry = json_object_new_object();

	json_put_text(&entry, "BindSecurityDescriptor", sddl);
	json_put_text(&entry, "ConnectSecurityDescriptor", sddl);
	json_put_bool(&entry, "AllowWildcardBinds", service->wildcard_binds);
	if (service->disabled)
		json_put_bool(&entry, "Disabled", true);
	return entry;
}

int hv_socket_document(const struct hv_service *services, size_t n, bool linux_guest, char **ret)
{
	static const struct hv_trustee host[] = { { "SY" }, { "BA" } };
	_cleanup_(json_freep) struct json_object *document = json_object_new_object();
	struct json_object *config = json_object_new_object(), *table = json_object_new_object();
	_cleanup_(freep) char *sddl = NULL;
	char id[GUID_TEXT_MAX];

	if (hv_sddl(host, ARRAY_SIZE(host), &sddl) < 0) {
		json_object_put(config);
		json_object_put(table);
		return -ENOMEM;
	}
	json_put_text(&config, "DefaultBindSecurityDescriptor", sddl);
	if (linux_guest)
		json_put_text(&config, "DefaultConnectSecurityDescriptor", sddl);
	for (size_t i = 0; i < n; i++)
		json_put(&table, guid_format(&services[i].id, id),
			 service_entry(&services[i], sddl));
	json_put(&config, "ServiceTable", table);
	json_put(&document, "HvSocketConfig", config);
	return json_text(document, ret);
}
