// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Do messages name the device? */
#include <drm/drm_print.h>

#ifndef drm_dbg_kms
#error "no drm_dbg_kms"
#endif
