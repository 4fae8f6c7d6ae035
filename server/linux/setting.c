#include "server/linux/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/util.h"
#include "server/engine/plan.h"

#define ROOT "/proc/sys/"

/* The switch for all links writes those of the links too. */
#define CONF    "/conf/"
#define FOR_ALL CONF "all/"

static int setting_open(const char *path, int flags)
{
	char text[sizeof(ROOT) + SETTING_PATH_MAX];
	int fd;

	if ((size_t)snprintf(text, sizeof(text), ROOT "%s", path) >= sizeof(text))
		return -ENAMETOOLONG;
	fd = open(text, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int setting_read(const char *path, char ret[SETTING_MAX])
{
	_cleanup_(fd_closep) int fd = setting_open(path, O_RDONLY);
	char text[SETTING_MAX + 1];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, SETTING_MAX);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) >= SETTING_MAX)
		return -EMSGSIZE;
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

static int setting_write(const char *path, const char *value)
{
	_cleanup_(fd_closep) int fd = setting_open(path, O_WRONLY);
	size_t n = strlen(value);

	if (fd < 0)
		return fd;
	return write(fd, value, n) == (ssize_t)n ? 0 : -errno;
}

/* What the switch for all links says that would write a link's forwarding too; "": there is none.
 */
static void read_for_all(const char *path, char ret[SETTING_MAX])
{
	const char *name = strrchr(path, '/'), *conf = strstr(path, CONF);
	char text[SETTING_PATH_MAX];

	ret[0] = '\0';
	if (!conf || !name || strstr(path, FOR_ALL) || !strstr(name, "forwarding"))
		return;
	snprintf(text, sizeof(text), "%.*s" FOR_ALL "%s", (int)(conf - path), path, name + 1);
	setting_read(text, ret);
}

static int note(struct store *store, const char *path, const char *before, const char *ours,
		const char *all)
{
	const struct state_record record = {
		.kind = STATE_RECORD_SETTING,
		.setting = { .path = view(path),
			     .before = view(before),
			     .ours = view(ours),
			     .all = all[0] ? view(all) : (struct ovd_view){ .p = NULL } },
	};

	return store_put(store, &record);
}

int setting_note(struct store *store, const char *path, const char *ours)
{
	char before[SETTING_MAX];
	int r = setting_read(path, before);

	return r < 0 ? r : note(store, path, before, ours, "");
}

int setting_change(struct store *store, const char *path, const char *value)
{
	char before[SETTING_MAX], all[SETTING_MAX];
	int r = setting_read(path, before);

	read_for_all(path, all);
	if (r < 0 || strcmp(before, value) == 0)
		return r;
	if (store)
		r = note(store, path, before, value, all);
	return r < 0 ? r : setting_write(path, value);
}

/* ---- back ---- */

struct changed {
	char path[SETTING_PATH_MAX], before[SETTING_MAX];
	bool ours; /* nobody has written it since */
};

struct all_changed {
	struct changed *items;
	size_t n;
};

/* What is gone, a link's, went with what it said. */
static bool is_as_we_left_it(const char *path, const struct state_setting *setting)
{
	char now[SETTING_MAX], all[SETTING_MAX];

	read_for_all(path, all);
	return setting_read(path, now) == 0 && view_eq(view(now), setting->ours) &&
	       (!setting->all.p || view_eq(view(all), setting->all));
}

static int collect(void *arg, const struct state_record *record)
{
	const struct state_setting *setting = &record->setting;
	struct all_changed *all = arg;
	struct changed *more = realloc(all->items, (all->n + 1) * sizeof(*more)), *c;

	if (!more)
		return -ENOMEM;
	all->items = more;
	c = &more[all->n++];
	snprintf(c->path, sizeof(c->path), "%.*s", VIEW(setting->path));
	snprintf(c->before, sizeof(c->before), "%.*s", VIEW(setting->before));
	c->ours = is_as_we_left_it(c->path, setting);
	return 0;
}

static int put_back(struct store *store, const struct changed *c, char *detail)
{
	const struct state_record record = { .kind = STATE_RECORD_SETTING,
					     .setting.path = view(c->path) };
	int r = c->ours ? setting_write(c->path, c->before) : 0;

	if (r < 0 && r != -ENOENT) {
		snprintf(detail, PLAN_DETAIL_MAX, "%s", c->path);
		return r;
	}
	return store_delete(store, &record);
}

int settings_restore(struct store *store, char *detail)
{
	struct all_changed all = { .n = 0 };
	int first = store_each(store, STATE_RECORD_SETTING, collect, &all);

	for (int for_all = 1; for_all >= 0; for_all--)
		for (size_t i = 0; i < all.n; i++) {
			bool is_for_all = strstr(all.items[i].path, FOR_ALL);
			int r = is_for_all == for_all ? put_back(store, &all.items[i], detail) : 0;

			first = first < 0 ? first : r;
		}
	free(all.items);
	return first;
}
