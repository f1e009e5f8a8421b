/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A guest's connectors as screens. */
#ifndef XDB_DISPLAY_H
#define XDB_DISPLAY_H

#include <stdint.h>
#include <stdio.h>

struct canvas;

void display_list(FILE *out, const char *input);
const struct canvas *display_picture(const char *number, const char **why);

#endif /* XDB_DISPLAY_H */
