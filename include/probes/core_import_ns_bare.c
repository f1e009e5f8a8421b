// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is a symbol namespace imported by a bare word? */
#include <linux/module.h>

#ifndef MODULE_IMPORT_NS
#error "no namespaces"
#endif
MODULE_IMPORT_NS(CORE_IMPORT_NS_BARE);
