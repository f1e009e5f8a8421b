// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Are there symbol namespaces? */
#include <linux/module.h>

#ifndef MODULE_IMPORT_NS
#error "no MODULE_IMPORT_NS"
#endif
