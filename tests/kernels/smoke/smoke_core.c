// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "smoke.h"

static struct smoke {
	struct timer_list timer;
	struct hrtimer hrtimer;
	unsigned int ticks;
} smoke;

static void smoke_timer(struct timer_list *timer)
{
	struct smoke *s = timer_container_of(s, timer, timer);

	s->ticks++;
}

static enum hrtimer_restart smoke_hrtimer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static vm_fault_t smoke_fault(struct vm_fault *vmf)
{
	vm_flags_set(vmf->vma, VM_PFNMAP);
	vm_flags_clear(vmf->vma, VM_IO);
	vm_flags_mod(vmf->vma, VM_DONTEXPAND, VM_IO);
	return VM_FAULT_SIGBUS;
}

const struct vm_operations_struct smoke_vm_ops;
const struct vm_operations_struct smoke_vm_ops = {
	.fault = smoke_fault,
};

static int __init smoke_init(void)
{
	struct workqueue_struct *wq = alloc_workqueue("smoke", WQ_PERCPU, 0);
	struct iosys_map map;

	iosys_map_set_vaddr(&map, wq);
	if (iosys_map_is_null(&map))
		return -ENOMEM;
	iosys_map_clear(&map);
	timer_setup(&smoke.timer, smoke_timer, 0);
	timer_delete_sync(&smoke.timer);
	hrtimer_setup(&smoke.hrtimer, smoke_hrtimer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	destroy_workqueue(wq);
	return smoke_xen_register();
}
module_init(smoke_init);

static void __exit smoke_exit(void)
{
	smoke_xen_unregister();
}
module_exit(smoke_exit);

COMPAT_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("The shim, each part once");
MODULE_LICENSE("Dual MIT/GPL");
