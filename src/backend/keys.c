// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Scan codes by a table, key symbols by the layout that the guest is said to have. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#include "keys.h"

/* Key codes of X are those of evdev and 8. */
#define XKB_OFFSET	8

/*
 * Set 1 of the AT keyboard, as QEMU's message has it: with 0x80 in place of the
 * prefix 0xe0. Up to 0x58 the codes are Linux' own, but for one.
 */
static const struct {
	uint8_t scancode;
	uint8_t code;
} beyond[] = {
	{ 0x54, KEY_SYSRQ },
	{ 0x55, KEY_F16 },
	{ 0x59, KEY_KPEQUAL },
	{ 0x5a, KEY_F20 },
	{ 0x5b, KEY_LINEFEED },
	{ 0x5c, KEY_KPJPCOMMA },
	{ 0x5d, KEY_F13 },
	{ 0x5e, KEY_F14 },
	{ 0x5f, KEY_F15 },
	{ 0x64, KEY_OPEN },
	{ 0x65, KEY_PASTE },
	{ 0x6d, KEY_F23 },
	{ 0x6f, KEY_F24 },
	{ 0x70, KEY_KATAKANAHIRAGANA },
	{ 0x73, KEY_RO },
	{ 0x74, KEY_F21 },
	{ 0x76, KEY_ZENKAKUHANKAKU },
	{ 0x77, KEY_HIRAGANA },
	{ 0x78, KEY_KATAKANA },
	{ 0x79, KEY_HENKAN },
	{ 0x7b, KEY_MUHENKAN },
	{ 0x7d, KEY_YEN },
	{ 0x7e, KEY_KPCOMMA },
	{ 0x83, KEY_F17 },
	{ 0x84, KEY_F19 },
	{ 0x85, KEY_AGAIN },
	{ 0x86, KEY_PROPS },
	{ 0x87, KEY_UNDO },
	{ 0x8c, KEY_FRONT },
	{ 0x8d, KEY_HANJA },
	{ 0x90, KEY_PREVIOUSSONG },
	{ 0x99, KEY_NEXTSONG },
	{ 0x9c, KEY_KPENTER },
	{ 0x9d, KEY_RIGHTCTRL },
	{ 0x9e, KEY_MENU },
	{ 0xa0, KEY_MUTE },
	{ 0xa1, KEY_CALC },
	{ 0xa2, KEY_PLAYPAUSE },
	{ 0xa4, KEY_STOPCD },
	{ 0xae, KEY_VOLUMEDOWN },
	{ 0xb0, KEY_VOLUMEUP },
	{ 0xb2, KEY_HOMEPAGE },
	{ 0xb5, KEY_KPSLASH },
	{ 0xb7, KEY_SYSRQ },
	{ 0xb8, KEY_RIGHTALT },
	{ 0xbc, KEY_CUT },
	{ 0xc1, KEY_FIND },
	{ 0xc6, KEY_PAUSE },
	{ 0xc7, KEY_HOME },
	{ 0xc8, KEY_UP },
	{ 0xc9, KEY_PAGEUP },
	{ 0xcb, KEY_LEFT },
	{ 0xcd, KEY_RIGHT },
	{ 0xce, KEY_KPPLUSMINUS },
	{ 0xcf, KEY_END },
	{ 0xd0, KEY_DOWN },
	{ 0xd1, KEY_PAGEDOWN },
	{ 0xd2, KEY_INSERT },
	{ 0xd3, KEY_DELETE },
	{ 0xdb, KEY_LEFTMETA },
	{ 0xdc, KEY_RIGHTMETA },
	{ 0xdd, KEY_COMPOSE },
	{ 0xde, KEY_POWER },
	{ 0xdf, KEY_SLEEP },
	{ 0xe3, KEY_WAKEUP },
	{ 0xe5, KEY_SEARCH },
	{ 0xe6, KEY_BOOKMARKS },
	{ 0xe7, KEY_REFRESH },
	{ 0xe8, KEY_STOP },
	{ 0xe9, KEY_FORWARD },
	{ 0xea, KEY_BACK },
	{ 0xeb, KEY_COMPUTER },
	{ 0xec, KEY_MAIL },
	{ 0xed, KEY_MEDIA },
	{ 0xf5, KEY_HELP },
	{ 0xf7, KEY_F18 },
	{ 0xf8, KEY_COPY },
	{ 0xf9, KEY_F22 },
};

static struct xkb_context *context;
static struct xkb_keymap *keymap;
static xkb_mod_mask_t shift_mask, altgr_mask;

/**
 * keys_scancode - the key of QEMU's extended key event
 * @scancode: as a viewer sent it
 *
 * Return: Linux' code, or 0 for none that is known.
 */
uint16_t keys_scancode(uint32_t scancode)
{
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		if (beyond[i].scancode == scancode)
			return beyond[i].code;
	return scancode <= KEY_F12 ? scancode : 0;
}

/**
 * keys_open - load the layout by which key symbols become keys
 * @layout: an XKB layout such as "us" or "de(nodeadkeys)"; NULL for "us"
 *
 * Return: 0 or -EINVAL when there is no such layout.
 */
int keys_open(const char *layout)
{
	struct xkb_rule_names names = { .rules = "evdev", .model = "pc105" };
	char text[64], *paren;

	snprintf(text, sizeof(text), "%s", layout ? layout : "us");
	paren = strchr(text, '(');
	if (paren) {
		*paren++ = '\0';
		paren[strcspn(paren, ")")] = '\0';
		names.variant = paren;
	}
	names.layout = text;
	context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!context)
		return -EINVAL;
	/* the caller says it in one line */
	xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL);
	keymap = xkb_keymap_new_from_names(context, &names,
					   XKB_KEYMAP_COMPILE_NO_FLAGS);
	if (!keymap) {
		keys_close();
		return -EINVAL;
	}
	shift_mask = 1u << xkb_keymap_mod_get_index(keymap, XKB_MOD_NAME_SHIFT);
	/* what the third level of layouts is made with */
	altgr_mask = 1u << xkb_keymap_mod_get_index(keymap, "Mod5");
	return 0;
}

void keys_close(void)
{
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
	keymap = NULL;
	context = NULL;
}

/* Whether a level can be reached with Shift and AltGr alone, and how. */
static bool level_modifiers(xkb_keycode_t key, xkb_level_index_t level,
			    struct stroke *stroke)
{
	xkb_mod_mask_t masks[8];
	size_t i, n;

	n = xkb_keymap_key_get_mods_for_level(keymap, key, 0, level, masks,
					      sizeof(masks) / sizeof(masks[0]));
	for (i = 0; i < n; i++) {
		if (masks[i] & ~(shift_mask | altgr_mask))
			continue;
		stroke->shift = masks[i] & shift_mask;
		stroke->altgr = masks[i] & altgr_mask;
		return true;
	}
	return false;
}

static bool key_has(xkb_keycode_t key, uint32_t keysym, struct stroke *stroke)
{
	xkb_level_index_t level, levels;
	const xkb_keysym_t *syms;

	levels = xkb_keymap_num_levels_for_key(keymap, key, 0);
	for (level = 0; level < levels; level++) {
		if (xkb_keymap_key_get_syms_by_level(keymap, key, 0, level,
						     &syms) != 1 ||
		    syms[0] != keysym)
			continue;
		if (level_modifiers(key, level, stroke)) {
			stroke->code = key - XKB_OFFSET;
			return true;
		}
	}
	return false;
}

/* Keys that a PC has, few modifiers, and among equals the lower code. */
static unsigned int stroke_cost(const struct stroke *stroke)
{
	return stroke->shift + 2 * stroke->altgr +
	       4 * (stroke->code > KEY_COMPOSE);
}

/**
 * keys_symbol - the key that makes a symbol in the layout
 * @keysym: X's symbol, as a viewer without scan codes sends it
 * @stroke: result
 *
 * Return: false when no key of the layout has it.
 */
bool keys_symbol(uint32_t keysym, struct stroke *stroke)
{
	xkb_keycode_t key, last;
	struct stroke one;
	bool found = false;

	if (!keymap)
		return false;
	last = xkb_keymap_max_keycode(keymap);
	/* kbdif's codes end with those of 8 bits and the buttons */
	if (last > XKB_OFFSET + UINT8_MAX)
		last = XKB_OFFSET + UINT8_MAX;
	for (key = xkb_keymap_min_keycode(keymap); key <= last; key++) {
		if (!key_has(key, keysym, &one))
			continue;
		if (!found || stroke_cost(&one) < stroke_cost(stroke))
			*stroke = one;
		found = true;
	}
	return found;
}

/**
 * keys_character - the symbol of a character of a text
 * @ucs: the character
 *
 * Return: the symbol, for keys_symbol(); 0 for none.
 */
uint32_t keys_character(uint32_t ucs)
{
	switch (ucs) {
	case '\n':
		return XKB_KEY_Return;
	case '\t':
		return XKB_KEY_Tab;
	default:
		return xkb_utf32_to_keysym(ucs);
	}
}
