// SPDX-License-Identifier: GPL-2.0 OR MIT
/* In place of the fuzzer: each input of corpus.txt once, on standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint8_t data[1 << 16];

static size_t decode(const char *line)
{
	unsigned int byte;
	size_t n = 0;

	while (n < sizeof(data) && sscanf(line + 2 * n, "%2x", &byte) == 1)
		data[n++] = byte;
	return n;
}

int main(int argc, char **argv)
{
	unsigned int count = 0;
	char *line = NULL;
	size_t room = 0;

	if (LLVMFuzzerInitialize(&argc, &argv))
		return 2;
	while (getline(&line, &room, stdin) > 0) {
		if (*line == '#')
			continue;
		LLVMFuzzerTestOneInput(data, decode(line));
		count++;
	}
	free(line);
	printf("1..1\n%sok 1 - %u inputs\n", count ? "" : "not ", count);
	return !count;
}
