/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Timers, workqueues, modules. */
#ifndef XDF_COMPAT_CORE_H
#define XDF_COMPAT_CORE_H

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

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
 * del_timer_sync() became timer_delete_sync(); 6.2, in 5.10 and 6.1 by their
 * stable series. The old name is gone by 6.18.
 */
#if !XDF_HAVE_CORE_TIMER_DELETE_SYNC
#define timer_delete_sync(timer) del_timer_sync(timer)
#define timer_delete(timer) del_timer(timer)
#endif

/*
 * from_timer() became timer_container_of(); new by 6.18.
 */
#if !XDF_HAVE_CORE_TIMER_CONTAINER_OF
#define timer_container_of(var, timer, field) from_timer(var, timer, field)
#endif

/*
 * A workqueue says that it is bound to CPUs; new by 6.18, which was the default
 * before.
 */
#if !XDF_HAVE_CORE_WQ_PERCPU
#define WQ_PERCPU 0
#endif

/*
 * MODULE_IMPORT_NS(NAME) became MODULE_IMPORT_NS("NAME"); 6.13. Old kernels
 * accept a string and mean something else by it. None before 5.4.
 */
#if !XDF_HAVE_CORE_IMPORT_NS
#define COMPAT_IMPORT_NS_DMA_BUF struct compat_hook
#elif XDF_HAVE_CORE_IMPORT_NS_BARE
#define COMPAT_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define COMPAT_IMPORT_NS_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif /* XDF_COMPAT_CORE_H */
