// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Are a mapping's flags changed by functions? */
#include <linux/mm.h>

static void core_vm_flags_set(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
	vm_flags_clear(vma, VM_IO);
}
