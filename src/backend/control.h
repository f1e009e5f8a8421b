/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The socket of xen-display(1). */
#ifndef XDB_CONTROL_H
#define XDB_CONTROL_H

int control_open(void);
void control_close(void);

#endif /* XDB_CONTROL_H */
