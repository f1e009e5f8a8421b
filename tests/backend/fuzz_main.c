// SPDX-License-Identifier: GPL-2.0 OR MIT
/* In place of the fuzzer: each input that is kept, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint8_t data[1 << 16];

int main(int argc, char **argv)
{
	unsigned int count = 0;
	struct dirent *e;
	char path[4096];
	FILE *f;
	DIR *d;

	if (argc != 2 || LLVMFuzzerInitialize(&argc, &argv))
		return 2;
	d = opendir(argv[1]);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		f = fopen(path, "rb");
		if (!f)
			return 2;
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), f));
		fclose(f);
		count++;
	}
	closedir(d);
	printf("1..1\n%sok 1 - %u inputs\n", count ? "" : "not ", count);
	return !count;
}
