// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the tests' backend does wrong, or cannot do, on purpose. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

/* Rubbish events sent around each real one by evt-rubbish. */
#define RUBBISH		3

struct faults faults;

/* ---- what is said of them ---- */

/* A status to answer: an errno's name or any number, wrong ones included. */
int parse_errno(const char *s, int *status)
{
	char *end;
	long v;
	int e;

	for (e = 1; e < 134; e++) {
		const char *name = strerrorname_np(e);

		if (name && !strcmp(s, name)) {
			*status = -e;
			return 0;
		}
	}
	errno = 0;
	v = strtol(s, &end, 0);
	if (errno || *end || end == s || v < INT32_MIN || v > INT32_MAX)
		return -EINVAL;
	*status = v;
	return 0;
}

/* Is this size one of "WxH,WxH..."? */
bool mode_listed(const char *list, uint32_t width, uint32_t height)
{
	char size[32];
	size_t len;

	snprintf(size, sizeof(size), "%ux%u", width, height);
	len = strlen(size);
	for (; *list; list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (n == len && !strncmp(list, size, n))
			return true;
		list += n;
	}
	return false;
}

/* ---- between a frontend and its backend ---- */
static int fault_reject(const struct conn *c, const struct displif_req *req)
{
	int i = op_index(req->operation);

	(void)c;
	if (!faults.reject_on[i] || !faults.reject_left[i])
		return 0;
	if (faults.reject_left[i] > 0)
		faults.reject_left[i]--;
	return faults.reject[i];
}

static int forbid_buffer(const struct conn *c, const struct displif_dbuf_create *r)
{
	if (r->flags & DISPLIF_DBUF_FLG_REQ_ALLOC && faults.no_alloc) {
		log_conn(c, "NOTE", "what=no-alloc text=\"no memory is given\"");
		return -EINVAL;
	}
	if (!faults.max_buffers || c->dev->ndbufs < faults.max_buffers)
		return 0;
	log_conn(c, "NOTE", "what=limit text=\"%u buffers, see --max-buffers\"",
		 c->dev->ndbufs);
	return -ENOMEM;
}

/* As on a host whose hardware shows few formats. */
static int forbid_format(const struct conn *c, uint32_t fourcc)
{
	unsigned int i;
	char fcc[12];

	for (i = 0; i < faults.nformats; i++)
		if (faults.formats[i] == fourcc)
			return 0;
	if (!faults.nformats)
		return 0;
	log_conn(c, "NOTE", "what=format text=\"%s cannot be shown\"",
		 fourcc_text(fourcc, fcc));
	return -EINVAL;
}

static int forbid_mode(const struct conn *c, uint32_t width, uint32_t height)
{
	if (faults.exact_mode && (width != c->width || height != c->height))
		return -EINVAL;
	if (*faults.modes && !mode_listed(faults.modes, width, height))
		return -EINVAL;
	return 0;
}

static int fault_forbid(const struct conn *c, const struct displif_req *req)
{
	switch (req->operation) {
	case DISPLIF_OP_DBUF_CREATE:
		return forbid_buffer(c, &req->op.dbuf_create);
	case DISPLIF_OP_FB_ATTACH:
		return forbid_format(c, req->op.fb_attach.pixel_format);
	case DISPLIF_OP_SET_CONFIG:
		return forbid_mode(c, req->op.set_config.width,
				   req->op.set_config.height);
	default:
		return 0;
	}
}

static uint64_t fault_delay(const struct displif_req *req)
{
	int i = op_index(req->operation);

	return i < 0 ? 0 : faults.delay_ms[i] * 1000000ull;
}

static bool fault_swallow(const struct displif_req *req)
{
	int i = op_index(req->operation);

	return i >= 0 && faults.hang[i];
}

static unsigned int fault_respond(struct conn *c, struct displif_resp *resp)
{
	int i = op_index(resp->operation);

	if (i >= 0 && faults.bad_id[i])
		resp->id ^= 0x5555;
	if (i >= 0 && faults.bad_op[i])
		resp->operation ^= 0x40;
	if (c->flipping && faults.at_once && faults.event_first)
		flip_done(c);
	return i >= 0 && faults.dup[i] ? 2 : 1;
}

static void fault_responded(struct conn *c)
{
	if (c->flipping && faults.at_once)
		flip_done(c);
}

static void evt_rubbish(struct conn *c, uint64_t cookie)
{
	struct displif_evt evt;
	int i;

	for (i = 0; i < RUBBISH; i++) {
		memset(&evt, 0, sizeof(evt));
		evt.id = 0x7700 + i;
		evt.op.pg_flip.fb_cookie = cookie;
		if (i == 0)
			evt.type = 0x7f;
		else if (i == 1)
			evt.op.pg_flip.fb_cookie = ~cookie;
		else
			memset(&evt, 0xff, sizeof(evt));
		ring_event(c, &evt);
	}
}

static const char *fault_event(struct conn *c, const struct displif_evt *evt)
{
	if (faults.evt_rubbish)
		evt_rubbish(c, evt->op.pg_flip.fb_cookie);
	if (faults.drop_events && c->evt_count % faults.drop_events == 0)
		return "asked";
	if (!ring_event(c, evt))
		return "full";
	if (faults.evt_rubbish)
		ring_event(c, evt);
	return NULL;
}

static void fault_share(uint32_t *refs, size_t n)
{
	if (faults.zero_ref && n)
		refs[n - 1] = 0;
}

struct hooks fault_hooks = {
	.start_states = "1,5,6,1,2",
	.reject = fault_reject,
	.forbid = fault_forbid,
	.delay = fault_delay,
	.swallow = fault_swallow,
	.respond = fault_respond,
	.responded = fault_responded,
	.event = fault_event,
	.share = fault_share,
};

/* Break the protocol once, to see what the frontend makes of it. */
int faults_poke(struct conn *c, const char *what)
{
	struct displif_resp resp = { .id = 0xffff };
	struct displif_evt evt = { .type = DISPLIF_EVT_PG_FLIP };

	if (!c->bound)
		return -ENOTCONN;
	if (!strcmp(what, "evt-prod")) {
		c->evt_prod += 1000;
		WRITE_SHARED(c->evt->in_prod, c->evt_prod);
		xen_evtchn_notify(c->evt_port);
	} else if (!strcmp(what, "evt")) {
		evt.op.pg_flip.fb_cookie = 0xdead;
		ring_event(c, &evt);
		xen_evtchn_notify(c->evt_port);
	} else if (!strcmp(what, "evt-again")) {
		evt.id = c->evt_id++;
		evt.op.pg_flip.fb_cookie = c->shown;
		ring_event(c, &evt);
		xen_evtchn_notify(c->evt_port);
	} else if (!strcmp(what, "rsp-prod")) {
		c->ring.rsp_prod_pvt += 1000;
		ring_push(c);
		xen_evtchn_notify(c->req_port);
	} else if (!strcmp(what, "rsp")) {
		ring_response(c, &resp);
		ring_push(c);
		xen_evtchn_notify(c->req_port);
	} else if (!strcmp(what, "storm")) {
		uint64_t end = now_ns() + NSEC / 2;

		while (now_ns() < end) {
			xen_evtchn_notify(c->req_port);
			xen_evtchn_notify(c->evt_port);
		}
	} else {
		return -EINVAL;
	}
	return 0;
}

/* ---- options, which can change while running ---- */
static int set_ops(const char *value, bool *flags, const char **why)
{
	int i, op = op_by_name(value);

	if (!strcmp(value, "none")) {
		for (i = 0; i < BE_OPS; i++)
			flags[i] = false;
		return 0;
	}
	if (op < 0) {
		*why = "unknown operation";
		return -EINVAL;
	}
	flags[op] = true;
	return 0;
}

/* OP[:ERRNO[:COUNT]] */
static int set_reject(const char *value, const char **why)
{
	char buf[128], *name = buf, *err, *count = NULL;
	int i, op, status = -EINVAL;
	uint32_t n;

	if (!strcmp(value, "none")) {
		memset(faults.reject_on, 0, sizeof(faults.reject_on));
		return 0;
	}
	snprintf(buf, sizeof(buf), "%s", value);
	err = strchr(buf, ':');
	if (err) {
		*err++ = '\0';
		count = strchr(err, ':');
		if (count)
			*count++ = '\0';
	}
	op = op_by_name(name);
	if (op < 0 && strcmp(name, "all")) {
		*why = "unknown operation";
		return -EINVAL;
	}
	if (err && parse_errno(err, &status)) {
		*why = "unknown errno";
		return -EINVAL;
	}
	if (count && !parse_number(count, 1000000000, &n)) {
		*why = "the count is no number";
		return -EINVAL;
	}
	for (i = 0; i < BE_OPS; i++) {
		if (op >= 0 && i != op)
			continue;
		faults.reject_on[i] = true;
		faults.reject[i] = status;
		faults.reject_left[i] = count ? (int)n : -1;
	}
	return 0;
}

/* OP:MS */
static int set_delay(const char *value, const char **why)
{
	char buf[128], *ms;
	uint32_t v;
	int op;

	if (!strcmp(value, "none")) {
		memset(faults.delay_ms, 0, sizeof(faults.delay_ms));
		return 0;
	}
	snprintf(buf, sizeof(buf), "%s", value);
	ms = strchr(buf, ':');
	if (ms)
		*ms++ = '\0';
	op = op_by_name(buf);
	if (!ms || op < 0 || !parse_number(ms, 3600000, &v)) {
		*why = "not of the form OP:MILLISECONDS";
		return -EINVAL;
	}
	faults.delay_ms[op] = v;
	return 0;
}

static int set_bool(const char *value, bool *b, const char **why)
{
	if (strcmp(value, "0") && strcmp(value, "1")) {
		*why = "not 0 or 1";
		return -EINVAL;
	}
	*b = *value == '1';
	return 0;
}

/* FOURCC[,FOURCC]... */
static int set_formats(const char *value, const char **why)
{
	uint32_t formats[MAX_FORMATS];
	const struct format *fmt;
	unsigned int n = 0;

	if (!strcmp(value, "all")) {
		faults.nformats = 0;
		return 0;
	}
	do {
		fmt = strlen(value) < 4 ? NULL :
		      format_find(FOURCC(value[0], value[1], value[2], value[3]));
		if (!fmt || (value[4] && value[4] != ',') ||
		    n == MAX_FORMATS) {
			*why = "not of the form FOURCC,FOURCC with formats that are known";
			return -EINVAL;
		}
		formats[n++] = fmt->fourcc;
		value += 4;
	} while (*value++);
	memcpy(faults.formats, formats, sizeof(formats));
	faults.nformats = n;
	return 0;
}

/* WxH[,WxH]... */
static int set_modes(const char *value, const char **why)
{
	char list[sizeof(faults.modes)] = "", *mode, *save = NULL;
	uint32_t width, height;

	*why = "not a list of sizes such as 800x600,640x480";
	if (strlen(value) >= sizeof(list))
		return -EINVAL;
	if (strcmp(value, "any"))
		strcpy(list, value);
	for (mode = strtok_r(list, ",", &save); mode;
	     mode = strtok_r(NULL, ",", &save))
		if (!parse_resolution(mode, &width, &height))
			return -EINVAL;
	strcpy(faults.modes, strcmp(value, "any") ? value : "");
	return 0;
}

/**
 * faults_set - set an option
 * @name: its name
 * @value: its value
 * @why: what is wrong
 *
 * Return: 0, -ENOENT when there is no such option, or -EINVAL.
 */
int faults_set(const char *name, const char *value, const char **why)
{
	static const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "at-once", &faults.at_once },
		{ "event-first", &faults.event_first },
		{ "exact-mode", &faults.exact_mode },
		{ "log-flips", &opt.log_flips },
		{ "no-alloc", &faults.no_alloc },
		{ "no-copies", &faults.no_copies },
		{ "wait-fresh", &fault_hooks.wait_fresh },
		{ "zero-ref", &faults.zero_ref },
	};
	uint32_t v;
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(name, flags[i].name))
			return set_bool(value, flags[i].flag, why);
	if (!strcmp(name, "modes"))
		return set_modes(value, why);
	if (!strcmp(name, "max-buffers")) {
		if (parse_number(value, BE_MAX_OBJECTS, &v)) {
			faults.max_buffers = v;
			return 0;
		}
		*why = "not a number of buffers";
		return -EINVAL;
	}
	if (!strcmp(name, "drop-events") || !strcmp(name, "evt-rubbish")) {
		if (!parse_number(value, 1000000000, &v)) {
			*why = "not a number";
			return -EINVAL;
		}
		if (name[0] == 'd')
			faults.drop_events = v;
		else
			faults.evt_rubbish = v;
		return 0;
	}
	if (!strcmp(name, "formats"))
		return set_formats(value, why);
	if (!strcmp(name, "reject"))
		return set_reject(value, why);
	if (!strcmp(name, "delay"))
		return set_delay(value, why);
	if (!strcmp(name, "hang"))
		return set_ops(value, faults.hang, why);
	if (!strcmp(name, "dup-response") || !strcmp(name, "dup"))
		return set_ops(value, faults.dup, why);
	if (!strcmp(name, "bad-id"))
		return set_ops(value, faults.bad_id, why);
	if (!strcmp(name, "bad-op"))
		return set_ops(value, faults.bad_op, why);
	return -ENOENT;
}
