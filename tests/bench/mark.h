/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Calls that a program in a guest makes, and that count.c sees. */
#ifndef MARK_H
#define MARK_H

#include <stdint.h>
#include <sys/mman.h>

#define MARK		0x133700000000ull
/* from MARK on */
#define MARK_POINT	0x000
#define MARK_BEGIN	0x400
#define MARK_END	0x800

/* Whether there can be calls. */
static inline int mark_init(void)
{
	uint8_t *code = mmap((void *)MARK, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (code == MAP_FAILED)
		return -1;
	/* ret */
	code[MARK_POINT] = code[MARK_BEGIN] = code[MARK_END] = 0xc3;
	return 0;
}

static inline void mark(unsigned int kind)
{
	((void (*)(void))(uintptr_t)(MARK + kind))();
}

#endif
