// SPDX-License-Identifier: GPL-2.0 OR MIT
/* In place of the files above the rings. */
#include "test.h"

struct options opt;
struct dev *devs;

const char *fake_failed;

void dev_fail(struct dev *d, const char *why)
{
	struct conn *c;

	fake_failed = why;
	for (c = d->conns; c; c = c->next)
		conn_unbind(c);
	dev_drop_objects(d);
}
