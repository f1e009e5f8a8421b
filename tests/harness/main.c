// SPDX-License-Identifier: GPL-2.0 OR MIT
/* harness [-s SEED] [-x SCALE] SCENARIO [ARGUMENT]: runs one, in a process of its own. */
#include <unistd.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "backend.h"
#include "scenarios.h"

static int usage(void)
{
	const struct scenario *s;

	fputs("usage: harness [-s SEED] [-x TIME_SCALE] SCENARIO [ARGUMENT]\n", stderr);
	for (s = scenarios; s->name; s++)
		fprintf(stderr, "  %-20s %s\n", s->name, s->what);
	return 2;
}

int main(int argc, char **argv)
{
	const struct scenario *s;
	int c;

	while ((c = getopt(argc, argv, "s:x:l")) != -1)
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'x':
			time_scale = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			for (s = scenarios; s->name; s++)
				puts(s->name);
			return 0;
		default:
			return usage();
		}
	for (s = scenarios; s->name; s++)
		if (optind < argc && !strcmp(s->name, argv[optind]))
			break;
	if (!s->name || !time_scale)
		return usage();
	setbuf(stdout, NULL);
	kernel_start();
	xen_start();
	backend_start();
	world_start();
	s->run(argv[optind + 1] ? strtoul(argv[optind + 1], NULL, 0) : 0);
	world_end();
	printf("%s: ok\n", s->name);
#if defined(__SANITIZE_ADDRESS__)
	__lsan_do_leak_check();
#endif
	/* the threads go on until here */
	fflush(stdout);
	_exit(0);
}
