// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the card has, one key=value per line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xdf-guest.h"

static void say_caps(struct card *c)
{
	static const struct {
		const char *name;
		uint64_t cap;
	} caps[] = {
		{ "dumb_buffer", DRM_CAP_DUMB_BUFFER },
		{ "vblank_high_crtc", DRM_CAP_VBLANK_HIGH_CRTC },
		{ "preferred_depth", DRM_CAP_DUMB_PREFERRED_DEPTH },
		{ "prefer_shadow", DRM_CAP_DUMB_PREFER_SHADOW },
		{ "prime", DRM_CAP_PRIME },
		{ "timestamp_monotonic", DRM_CAP_TIMESTAMP_MONOTONIC },
		{ "async_page_flip", DRM_CAP_ASYNC_PAGE_FLIP },
		{ "cursor_width", DRM_CAP_CURSOR_WIDTH },
		{ "addfb2_modifiers", DRM_CAP_ADDFB2_MODIFIERS },
		{ "crtc_in_vblank_event", DRM_CAP_CRTC_IN_VBLANK_EVENT },
	};

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		uint64_t v;

		if (!drmGetCap(c->fd, caps[i].cap, &v))
			say("cap.%s=%llu", caps[i].name, (unsigned long long)v);
	}
}

static void say_props(struct card *c, const char *what, int n, uint32_t obj, uint32_t type)
{
	drmModeObjectPropertiesPtr props = drmModeObjectGetProperties(c->fd, obj, type);

	for (uint32_t i = 0; props && i < props->count_props; i++) {
		drmModePropertyPtr p = drmModeGetProperty(c->fd, props->props[i]);

		if (p)
			say("%s%d.prop.%s=%llu", what, n, p->name,
			    (unsigned long long)props->prop_values[i]);
		drmModeFreeProperty(p);
	}
	drmModeFreeObjectProperties(props);
}

static void say_connector(struct card *c, int n)
{
	static const char * const status[] = { "", "connected", "disconnected", "unknown" };
	drmModeConnectorPtr conn = drmModeGetConnector(c->fd, c->res->connectors[n]);

	if (!conn)
		die("connector %d: %s", n, strerror(errno));
	say("conn%d.name=%s-%u", n, drmModeGetConnectorTypeName(conn->connector_type) ?: "?",
	    conn->connector_type_id);
	say("conn%d.status=%s", n, status[conn->connection & 3]);
	say("conn%d.mm=%ux%u", n, conn->mmWidth, conn->mmHeight);
	printf("conn%d.modes=", n);
	for (int i = 0; i < conn->count_modes; i++) {
		drmModeModeInfo *m = &conn->modes[i];
		double hz = m->clock * 1000.0 / m->htotal / m->vtotal;

		printf("%s%ux%u@%.2f%s", i ? "," : "", m->hdisplay, m->vdisplay, hz,
		       m->type & DRM_MODE_TYPE_PREFERRED ? "*" : "");
	}
	putchar('\n');
	say_props(c, "conn", n, conn->connector_id, DRM_MODE_OBJECT_CONNECTOR);
	drmModeFreeConnector(conn);
}

int cmd_info(const struct opts *o)
{
	drmModePlaneResPtr pr;
	drmVersionPtr v;
	struct card c;

	card_open(&c, o);
	v = drmGetVersion(c.fd);
	if (!v)
		return fail("no driver version: %s", strerror(errno));
	say("card=%s", c.path);
	say("driver=%s", v->name);
	say("version=%d.%d.%d", v->version_major, v->version_minor, v->version_patchlevel);
	say("date=%s", v->date);
	say("desc=%s", v->desc);
	drmFreeVersion(v);

	say_caps(&c);
	say("min=%ux%u", c.res->min_width, c.res->min_height);
	say("max=%ux%u", c.res->max_width, c.res->max_height);
	say("crtcs=%d", c.res->count_crtcs);
	say("connectors=%d", c.res->count_connectors);
	for (int i = 0; i < c.res->count_connectors; i++)
		say_connector(&c, i);
	for (int i = 0; i < c.res->count_crtcs; i++)
		say_props(&c, "crtc", i, c.res->crtcs[i], DRM_MODE_OBJECT_CRTC);

	pr = drmModeGetPlaneResources(c.fd);
	if (!pr)
		return fail("no planes: %s", strerror(errno));
	say("planes=%u", pr->count_planes);
	for (uint32_t i = 0; i < pr->count_planes; i++) {
		drmModePlanePtr p = drmModeGetPlane(c.fd, pr->planes[i]);

		if (!p)
			return fail("plane %u: %s", i, strerror(errno));
		say("plane%u.crtcs=0x%x", i, p->possible_crtcs);
		printf("plane%u.formats=", i);
		for (uint32_t f = 0; f < p->count_formats; f++)
			printf("%s%s", f ? "," : "", format_str(p->formats[f]));
		putchar('\n');
		say_props(&c, "plane", i, p->plane_id, DRM_MODE_OBJECT_PLANE);
		drmModeFreePlane(p);
	}
	drmModeFreePlaneResources(pr);
	card_close(&c);
	return 0;
}
