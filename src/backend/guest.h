/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The guest that this process serves. */
#ifndef XDB_GUEST_H
#define XDB_GUEST_H

#define GUEST_NAME	40	/* with its end */

const char *guest_name(void);
void guest_file_name(char *name);

#endif /* XDB_GUEST_H */
