// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Faults that the debug kernel has to find, one for each name; see test_debug.py. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "use-after-free, lock-inversion, atomic-sleep, leak or shift");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static void *kept;
static volatile int places = 40;

static void use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	WRITE_ONCE(p[8], 1);
}

static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void atomic_sleep(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
}

/* The last pointer to it is overwritten. */
static void leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		kept = kmalloc(96, GFP_KERNEL);
	kept = NULL;
}

static void shift(void)
{
	pr_info("xdf_faults: %d\n", 1 << places);
}

static int __init faults_init(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} faults[] = {
		{ "use-after-free", use_after_free },
		{ "lock-inversion", lock_inversion },
		{ "atomic-sleep", atomic_sleep },
		{ "leak", leak },
		{ "shift", shift },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name)) {
			faults[i].fn();
			return 0;
		}
	return -EINVAL;
}
module_init(faults_init);

static void __exit faults_exit(void)
{
}
module_exit(faults_exit);

MODULE_DESCRIPTION("Faults that a debug kernel finds");
MODULE_LICENSE("Dual MIT/GPL");
