// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there strscpy_pad()? */
#include <linux/string.h>

static ssize_t core_strscpy_pad(char *to, const char *from)
{
	return strscpy_pad(to, from, 8);
}
