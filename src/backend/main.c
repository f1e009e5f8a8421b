// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Options, and which of its processes this is. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "run.h"
#include "viewer.h"

#define TCP_ADDRESS	"127.0.0.1"
#define TCP_PORT	5900

struct options opt = {
	.refresh = 60,
	.versions = "1,2",
	.version_max = 2,
	.max_bytes = 1ull << 30,
	.domid = -1,
	.guest = -1,
};

struct run run = {
	.dir = "/run/xen-display",
	.layout = "us",
	.group = -1,
	.port = TCP_PORT,
};

static const char usage[] =
"Usage: xen-display-backend [OPTION]...\n"
"Show the screens of this host's Xen guests (vdispl devices) to VNC viewers, and\n"
"give the guests keyboard and pointer (vkb devices).\n"
"\n"
"  --tcp [ADDRESS][:PORT]  viewers by TCP as well (127.0.0.1:5900); each screen\n"
"                          takes the next port that is free\n"
"  --password-file FILE    its first line is the viewers' password\n"
"  --no-password           TCP without one\n"
"  --refresh HZ            rate of the screens (60)\n"
"  --max-mib N             limit of one device's buffers (1024)\n"
"  --layout NAME           keyboard layout for viewers that send no scan codes (us)\n"
"  --run-dir DIR           where the sockets go (/run/xen-display)\n"
"  --group NAME            who may use them\n"
"  --domid N               own domain, if XenStore does not tell\n"
"  --help, --version       show this, or the version\n"
"\n"
"Exit status: 0 ended by a signal, 1 cannot run, 2 wrong usage.\n";

enum {
	O_FIRST = 256,
	O_TCP, O_PASSWORD, O_NO_PASSWORD, O_REFRESH, O_MAX_MIB, O_LAYOUT,
	O_RUN_DIR, O_GROUP, O_DOMID, O_GUEST, O_VIEWER, O_HELP, O_VERSION,
};

static const struct option longs[] = {
	{ "tcp", required_argument, NULL, O_TCP },
	{ "password-file", required_argument, NULL, O_PASSWORD },
	{ "no-password", no_argument, NULL, O_NO_PASSWORD },
	{ "refresh", required_argument, NULL, O_REFRESH },
	{ "max-mib", required_argument, NULL, O_MAX_MIB },
	{ "layout", required_argument, NULL, O_LAYOUT },
	{ "run-dir", required_argument, NULL, O_RUN_DIR },
	{ "group", required_argument, NULL, O_GROUP },
	{ "domid", required_argument, NULL, O_DOMID },
	{ "guest", required_argument, NULL, O_GUEST },
	{ "viewer", required_argument, NULL, O_VIEWER },
	{ "help", no_argument, NULL, O_HELP },
	{ "version", no_argument, NULL, O_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* [ADDRESS][:PORT]; an IPv6 address in brackets when a port follows */
static int parse_tcp(const char *arg, const char **why)
{
	static char address[64];
	char *port, *end;
	uint32_t v;

	*why = "the address is too long";
	if (strlen(arg) >= sizeof(address))
		return -1;
	strcpy(address, arg);
	run.tcp = address;
	port = strrchr(address, ':');
	if (*address == '[') {
		end = strchr(address, ']');
		*why = "the address has no ]";
		if (!end)
			return -1;
		*end = '\0';
		run.tcp = address + 1;
		port = end[1] == ':' ? end + 1 : NULL;
	} else if (port != strchr(address, ':')) {
		/* of IPv6, without a port */
		port = NULL;
	}
	*why = "the port is no number from 1 to 65535";
	if (port && (!parse_number(port + 1, 65535, &v) || !v))
		return -1;
	if (port) {
		run.port = v;
		*port = '\0';
	}
	if (!*run.tcp)
		run.tcp = TCP_ADDRESS;
	return 0;
}

static int read_password(const char *file, const char **why)
{
	char line[256] = "";
	FILE *in = fopen(file, "re");

	*why = strerror(errno);
	if (!in)
		return -1;
	if (!fgets(line, sizeof(line), in))
		*line = '\0';
	fclose(in);
	line[strcspn(line, "\r\n")] = '\0';
	*why = "its first line is empty";
	if (!*line)
		return -1;
	snprintf(run.password, sizeof(run.password), "%.8s", line);
	memset(line, 0, sizeof(line));
	return 0;
}

static int parse_refresh(const char *arg)
{
	char *end;

	opt.refresh = strtod(arg, &end);
	return *end || end == arg || !(opt.refresh >= 1 && opt.refresh <= 1000);
}

static int find_group(const char *name)
{
	struct group *g = getgrnam(name);

	if (g)
		run.group = g->gr_gid;
	return !g;
}

static bool is_loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

/* Return -1 to go on, or an exit status. */
static int parse(int argc, char **argv)
{
	bool no_password = false;
	const char *why;
	uint32_t v;
	int o, i, ret;

	while ((o = getopt_long(argc, argv, "", longs, &i)) != -1) {
		why = "";
		ret = 0;
		switch (o) {
		case O_TCP:
			ret = parse_tcp(optarg, &why);
			break;
		case O_PASSWORD:
			ret = read_password(optarg, &why);
			break;
		case O_NO_PASSWORD:
			no_password = true;
			break;
		case O_REFRESH:
			ret = parse_refresh(optarg);
			why = "not a rate from 1 to 1000 Hz";
			break;
		case O_MAX_MIB:
			ret = !parse_number(optarg, 1 << 20, &v) || !v;
			why = "not a number of MiB";
			opt.max_bytes = (uint64_t)v << 20;
			break;
		case O_LAYOUT:
			run.layout = optarg;
			break;
		case O_RUN_DIR:
			run.dir = optarg;
			ret = strlen(optarg) > 40;
			why = "longer than 40 characters";
			break;
		case O_GROUP:
			ret = find_group(optarg);
			why = "no such group";
			break;
		case O_DOMID:
			ret = !parse_number(optarg, 0x7fef, &v);
			why = "not a domain's number";
			opt.domid = v;
			break;
		case O_GUEST:
			ret = !parse_number(optarg, 0x7fef, &v);
			why = "not a domain's number";
			opt.guest = v;
			break;
		case O_VIEWER:
			return viewer_main(optarg);
		case O_HELP:
			fputs(usage, stdout);
			return 0;
		case O_VERSION:
			puts("xen-display-backend " XDB_VERSION);
			return 0;
		default:
			fprintf(stderr, "Try xen-display-backend --help\n");
			return 2;
		}
		if (ret) {
			fprintf(stderr, "xen-display-backend: --%s %s: %s\n",
				longs[i].name, optarg ? optarg : "", why);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xen-display-backend: what is '%s'? Try --help\n",
			argv[optind]);
		return 2;
	}
	if (run.tcp && !*run.password && !(no_password && is_loopback(run.tcp))) {
		fprintf(stderr, "xen-display-backend: --tcp needs --password-file FILE, or on a loopback address --no-password\n");
		return 2;
	}
	return -1;
}

int main(int argc, char **argv)
{
	int ret;

	run.argv = argv;
	ret = parse(argc, argv);
	if (ret >= 0)
		return ret;
	return opt.guest >= 0 ? guest_main() : manager_main();
}
