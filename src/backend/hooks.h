/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Where tests get between a frontend and its backend. Nothing else has any. */
#ifndef XDB_HOOKS_H
#define XDB_HOOKS_H

#include "backend.h"

struct hooks {
	const char *start_states;	/* to pass when a device is found */
	bool wait_fresh;		/* leave rings of an earlier backend alone */

	/* a status for a request that is not looked at; 0 to go on */
	int (*reject)(const struct conn *c, const struct displif_req *req);
	/* the same, for one that is correct */
	int (*forbid)(const struct conn *c, const struct displif_req *req);
	/* nanoseconds to hold a request back */
	uint64_t (*delay)(const struct displif_req *req);
	/* never to be answered */
	bool (*swallow)(const struct displif_req *req);
	/* may change a response; how often it is sent */
	unsigned int (*respond)(struct conn *c, struct displif_resp *resp);
	void (*responded)(struct conn *c);
	/* sends an event or not; why not */
	const char *(*event)(struct conn *c, const struct displif_evt *evt);
	/* may change the references of shared pages */
	void (*share)(uint32_t *refs, size_t n);
};

extern const struct hooks *hooks;	/* NULL: none */

#endif /* XDB_HOOKS_H */
