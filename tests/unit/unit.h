/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* cmocka's own has other names from one version to the next */
#define assert_within(value, least, most)	do {			\
	unsigned long long it = (value);				\
									\
	assert_true(it >= (least) && it <= (most));			\
} while (0)

#endif /* UNIT_H */
