/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* From what viewers send to Linux' key codes. */
#ifndef XDB_KEYS_H
#define XDB_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* A key, and the modifiers that make it the wanted character. */
struct stroke {
	uint16_t code;
	bool shift, altgr;
};

uint16_t keys_scancode(uint32_t scancode);
int keys_open(const char *layout);
void keys_close(void);
bool keys_symbol(uint32_t keysym, struct stroke *stroke);
uint32_t keys_character(uint32_t ucs);

#endif /* XDB_KEYS_H */
