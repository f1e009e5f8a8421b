/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The backend: an honest one, and one that does all it can to do harm. */
#ifndef HARNESS_BACKEND_H
#define HARNESS_BACKEND_H

#include "displif_wire.h"

#define CONNECTORS 2

/* How it behaves; all 0 is honest. Chances are in 100,000. */
struct behaviour {
	/* random junk in slots and indices, events of any cookie, kicks for nothing */
	bool hostile;
	/* breaks the protocol so that the connection has to be given up */
	unsigned int breaks;
	/* forgets the answer to a request */
	unsigned int silent;
	/* answers with an error */
	unsigned int errors;
	/* writes any state and versions */
	unsigned int states;
	/* keeps pages mapped for a while */
	bool late;
	/* answers each operation so, if it is not 0: of its low four bits */
	s32 status[16];
	/* of PG_FLIP: no event */
	bool eventless;
	/* answers nothing at all; takes no notice of the frontend */
	bool deaf;
	bool absent;
	/* decides instead, when it is set: the status, or 1 to go on as above */
	s32 (*decide)(unsigned int connector, const struct displif_req *req);
	/* likewise: true when it has answered, or will, by backend_respond() */
	bool (*answer)(unsigned int connector, const struct displif_req *req,
		       const struct displif_resp *resp);
};

extern struct behaviour backend;

struct backend_counts {
	unsigned long requests, responses, events, breaks, states, binds, silent, errors;
	/* by their low four bits */
	unsigned long ops[16];
};
void backend_count(struct backend_counts *c);
unsigned long backend_messages(void);

void backend_start(void);
/* It is not in the middle of anything after this, and does nothing until it goes on. */
void backend_pause(bool on);
/* While it is paused, or in decide(). */
void backend_event(unsigned int connector, u64 cookie);
void backend_respond(unsigned int connector, const struct displif_resp *resp);
bool backend_event_room(unsigned int connector);
void backend_kick_events(unsigned int connector);
bool backend_bound(void);
/* What SET_CONFIG and flips that were not rejected have left on the screen. */
u64 backend_shown(unsigned int connector);
void backend_unbind(void);

#endif /* HARNESS_BACKEND_H */
