/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the tests share: cmocka, and a guest made of a file's pages. */
#ifndef XDF_BE_TEST_H
#define XDF_BE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests.h"

#define FAKE_PAGES	3000	/* references 1 .. FAKE_PAGES - 1 can be mapped */

extern unsigned int fake_mapped;	/* pages mapped now */
extern unsigned int fake_notified;
extern const char *fake_failed;		/* why the device was given up */

void *fake_page(uint32_t ref);
void fake_reset(void);

#endif /* XDF_BE_TEST_H */
