/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Keyboard and pointer devices of one guest, as the toolstack lists them. */
#ifndef XDB_VKB_H
#define XDB_VKB_H

#include <stdbool.h>
#include <stdint.h>

#include "input.h"

int vkb_open(uint32_t backend, uint32_t domid);
void vkb_close(void);
void vkb_sync(void);
struct input *vkb_input(void);
const char *vkb_state(void);

#endif /* XDB_VKB_H */
