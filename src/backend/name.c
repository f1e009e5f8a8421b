// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Guests' names in those of files. */
#include <string.h>

#include "guest.h"

#define PLAIN	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"

/**
 * guest_file_name - make a guest's name one of a file
 * @name: it is changed in place
 */
void guest_file_name(char *name)
{
	char *p;

	for (p = name; *p; p++)
		if (!strchr(PLAIN, *p) || (p == name && *p == '.'))
			*p = '_';
}
