/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Timers and modules. */
#ifndef XDF_COMPAT_CORE_H
#define XDF_COMPAT_CORE_H

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/hrtimer.h>
#include <linux/module.h>

/*
 * hrtimer_init() and setting ->function became hrtimer_setup(); new by 6.18.
 */
#if !XDF_HAVE_CORE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *timer),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/*
 * MODULE_IMPORT_NS(NAME) became MODULE_IMPORT_NS("NAME"); 6.13. Old kernels
 * accept a string and mean something else by it. None before 5.4, where nobody
 * reads it.
 */
#if !XDF_HAVE_CORE_IMPORT_NS || XDF_HAVE_CORE_IMPORT_NS_BARE
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#endif /* XDF_COMPAT_CORE_H */
