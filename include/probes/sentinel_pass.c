// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Must compile: the headers, the flags and the compiler fit together. */
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>

static void sentinel_pass(struct page *page)
{
	pr_info("%p\n", page);
}
