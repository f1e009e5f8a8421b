// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A displif backend that watches its frontends closely: options and loop. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests.h"
#include "../../src/backend/xenstore.h"

#define EXIT_VIOLATIONS	3

struct options opt = {
	.refresh = 60,
	.log_requests = true,
	.log_flips = true,
	.versions = "1,2",
	.version_max = 2,
	.max_bytes = 1ull << 30,
	.domid = -1,
	.guest = -1,
};

static struct {
	const char *log, *pictures, *control, *ready, *view_dir;
	double view_every;
} run = {
	.view_every = 1,
};

bool quit;

static const char usage[] =
"Usage: xdf-backend [OPTION]...\n"
"       xdf-backend --send SOCKET COMMAND [WORD]...\n"
"Show the screens of this host's Xen guests (vdispl devices), and report what\n"
"their display drivers do wrong.\n"
"\n"
"Watching a guest:\n"
"  --view-dir DIR         write DIR/domD-devV-connC.png, also at SIGUSR1; a DIR\n"
"                         that is missing is made, for you alone to read\n"
"  --view-every SECONDS   how often (1; 0: only at SIGUSR1)\n"
"  --refresh HZ           rate of the screens (60)\n"
"  --at-once              do not pace: a flip is shown when it is asked for\n"
"  --no-copies            keep no picture of what is shown: less work for a flip\n"
"  --edid [CONN=]FILE     monitor data for all connectors or for one\n"
"  --max-mib N            limit of one device's buffers (1024)\n"
"Running it:\n"
"  --log FILE             append the log to FILE instead of standard output\n"
"  --no-log-flips         leave out flips and their events that went well\n"
"  --pictures DIR         where pictures with relative names go; made like that\n"
"  --control SOCKET       listen for commands; 'help' lists them\n"
"  --ready FILE           write the process number there when serving\n"
"  --domid N              own domain, if XenStore does not tell\n"
"  --send SOCKET COMMAND  send a command to a running backend\n"
"Testing a frontend:\n"
"  --versions LIST|none   protocol versions to write to XenStore (1,2)\n"
"  --start STATES         states to pass at start-up (1,5,6,1,2)\n"
"  --wait-fresh           do not take up the rings of an earlier backend\n"
"  --formats FOURCC,...   show only these pixel formats\n"
"  --no-alloc             give no memory for buffers, whatever be-alloc says\n"
"  --exact-mode           reject modes other than XenStore's resolution\n"
"  --modes WxH[,WxH]...   reject modes that are not listed\n"
"  --max-buffers N        reject a device's further buffers\n"
"  --event-first          with --at-once: send a flip's event before its response\n"
"  --drop-events N        drop every Nth flip event\n"
"  --zero-ref             give 0 as the last reference of a buffer of its own\n"
"  --evt-rubbish          send wrong events around the right ones\n"
"  --reject OP[:ERRNO[:COUNT]]  answer an operation with an error\n"
"  --hang OP              never answer an operation\n"
"  --delay OP:MS          answer an operation late\n"
"  --dup-response OP      answer an operation twice\n"
"  --bad-id OP            answer with a wrong id\n"
"  --bad-op OP            answer with a wrong operation\n"
"  --help                 show this\n"
"OP is DBUF_CREATE, DBUF_DESTROY, FB_ATTACH, FB_DETACH, SET_CONFIG, PG_FLIP or\n"
"GET_EDID; --reject also takes 'all'.\n"
"\n"
"Exit status: 0 no violation seen, 1 cannot run, 2 wrong usage, 3 violations seen.\n";

enum {
	O_FIRST = 256,
	O_VIEW_DIR, O_VIEW_EVERY, O_AT_ONCE, O_EDID, O_MAX_MIB, O_LOG,
	O_NO_LOG_FLIPS, O_PICTURES, O_CONTROL, O_READY, O_DOMID, O_SEND,
	O_VERSIONS, O_START, O_FLAG, O_EVT_RUBBISH, O_SET, O_HELP,
};

static const struct option longs[] = {
	{ "view-dir", required_argument, NULL, O_VIEW_DIR },
	{ "view-every", required_argument, NULL, O_VIEW_EVERY },
	{ "refresh", required_argument, NULL, O_SET },
	{ "at-once", no_argument, NULL, O_FLAG },
	{ "edid", required_argument, NULL, O_EDID },
	{ "max-mib", required_argument, NULL, O_MAX_MIB },
	{ "log", required_argument, NULL, O_LOG },
	{ "no-log-flips", no_argument, NULL, O_NO_LOG_FLIPS },
	{ "pictures", required_argument, NULL, O_PICTURES },
	{ "control", required_argument, NULL, O_CONTROL },
	{ "ready", required_argument, NULL, O_READY },
	{ "domid", required_argument, NULL, O_DOMID },
	{ "send", required_argument, NULL, O_SEND },
	{ "versions", required_argument, NULL, O_VERSIONS },
	{ "start", required_argument, NULL, O_START },
	{ "wait-fresh", no_argument, NULL, O_FLAG },
	{ "formats", required_argument, NULL, O_SET },
	{ "no-alloc", no_argument, NULL, O_FLAG },
	{ "no-copies", no_argument, NULL, O_FLAG },
	{ "exact-mode", no_argument, NULL, O_FLAG },
	{ "modes", required_argument, NULL, O_SET },
	{ "max-buffers", required_argument, NULL, O_SET },
	{ "zero-ref", no_argument, NULL, O_FLAG },
	{ "event-first", no_argument, NULL, O_FLAG },
	{ "drop-events", required_argument, NULL, O_SET },
	{ "evt-rubbish", no_argument, NULL, O_EVT_RUBBISH },
	{ "reject", required_argument, NULL, O_SET },
	{ "hang", required_argument, NULL, O_SET },
	{ "delay", required_argument, NULL, O_SET },
	{ "dup-response", required_argument, NULL, O_SET },
	{ "bad-id", required_argument, NULL, O_SET },
	{ "bad-op", required_argument, NULL, O_SET },
	{ "help", no_argument, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

static void set_versions(const char *list)
{
	opt.versions = strcmp(list, "none") ? list : NULL;
	/* None written: an old backend that speaks version 2 all the same. */
	opt.version_max = !opt.versions || version_listed(list, 2) ? 2 : 1;
}

static int set_edid(char *arg, const char **why)
{
	char *eq = strchr(arg, '=');

	if (!eq)
		return copies_edid("all", arg, why);
	*eq = '\0';
	return copies_edid(arg, eq + 1, why);
}

static int send_words(const char *path, int argc, char **argv)
{
	char cmd[1000] = "";
	int i;

	for (i = 0; i < argc; i++) {
		if (strlen(cmd) + strlen(argv[i]) + 2 > sizeof(cmd)) {
			fprintf(stderr, "xdf-backend: the command is too long\n");
			return 2;
		}
		if (i)
			strcat(cmd, " ");
		strcat(cmd, argv[i]);
	}
	if (!*cmd) {
		fprintf(stderr, "xdf-backend: --send needs a command, try 'help'\n");
		return 2;
	}
	return control_send(path, cmd);
}

/* Return -1 to go on, or an exit status. */
static int parse(int argc, char **argv)
{
	const char *why, *send = NULL;
	uint32_t v;
	char *end;
	int o, i, ret;

	/* '+': the words of a command are no options */
	while ((o = getopt_long(argc, argv, "+", longs, &i)) != -1) {
		why = "";
		ret = 0;
		switch (o) {
		case O_VIEW_DIR:
			run.view_dir = optarg;
			break;
		case O_VIEW_EVERY:
			run.view_every = strtod(optarg, &end);
			ret = *end || !(run.view_every >= 0);
			why = "not a number of seconds";
			break;
		case O_EDID:
			ret = set_edid(optarg, &why);
			break;
		case O_MAX_MIB:
			ret = !parse_number(optarg, 1 << 20, &v);
			why = "not a number of MiB";
			opt.max_bytes = (uint64_t)v << 20;
			break;
		case O_LOG:
			run.log = optarg;
			break;
		case O_NO_LOG_FLIPS:
			opt.log_flips = false;
			break;
		case O_PICTURES:
			run.pictures = optarg;
			break;
		case O_CONTROL:
			run.control = optarg;
			break;
		case O_READY:
			run.ready = optarg;
			break;
		case O_DOMID:
			ret = !parse_number(optarg, 0x7fef, &v);
			why = "not a domain's number";
			opt.domid = v;
			break;
		case O_SEND:
			send = optarg;
			break;
		case O_VERSIONS:
			set_versions(optarg);
			break;
		case O_START:
			fault_hooks.start_states = optarg;
			break;
		case O_FLAG:
			ret = set_option(longs[i].name, "1", &why);
			break;
		case O_EVT_RUBBISH:
			faults.evt_rubbish = 1;
			break;
		case O_SET:
			ret = set_option(longs[i].name, optarg, &why);
			break;
		case O_HELP:
			fputs(usage, stdout);
			return 0;
		default:
			fprintf(stderr, "Try xdf-backend --help\n");
			return 2;
		}
		if (ret) {
			fprintf(stderr, "xdf-backend: --%s %s: %s\n",
				longs[i].name, optarg ? optarg : "", why);
			return 2;
		}
	}
	if (send)
		return send_words(send, argc - optind, argv + optind);
	if (optind < argc) {
		fprintf(stderr, "xdf-backend: what is '%s'? Try --help\n",
			argv[optind]);
		return 2;
	}
	return -1;
}

static void read_signal(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo != SIGUSR1)
		quit = true;
	else if (run.view_dir)
		view_all(run.view_dir);
	else
		log_note("what=view text=\"SIGUSR1 needs --view-dir\"");
}

static void drain_store(void)
{
	if (xenstore_drain())
		vdispl_sync();
}

static int loop(int sigfd, int timer)
{
	uint64_t due, view_due = 0, view_step = run.view_every * NSEC;
	struct pollfd p[4 + 1 + CONTROL_CLIENTS];
	int fds[1 + CONTROL_CLIENTS], n, i;
	uint64_t now, ticks;

	if (run.view_dir && view_step)
		view_due = now_ns() + view_step;
	while (!quit) {
		due = ring_next_due();
		if (view_due && (!due || view_due < due))
			due = view_due;
		timer_arm(timer, due);
		p[0].fd = sigfd;
		p[1].fd = timer;
		p[2].fd = xenstore_fd();
		p[3].fd = xen_evtchn_fd();
		n = control_fds(fds, 1 + CONTROL_CLIENTS);
		for (i = 0; i < n; i++)
			p[4 + i].fd = fds[i];
		for (i = 0; i < 4 + n; i++)
			p[i].events = POLLIN;
		if (poll(p, 4 + n, ring_more() ? 0 : -1) < 0) {
			if (errno == EINTR)
				continue;
			perror("xdf-backend: poll");
			return -1;
		}
		if (p[0].revents)
			read_signal(sigfd);
		if (p[1].revents && read(timer, &ticks, sizeof(ticks)) < 0 &&
		    errno != EAGAIN)
			return -1;
		if (p[2].revents)
			drain_store();
		if (p[3].revents)
			ring_channels();
		for (i = 0; i < n; i++)
			if (p[4 + i].revents)
				control_ready(fds[i]);
		now = now_ns();
		ring_time(now);
		if (view_due && view_due <= now) {
			view_all(run.view_dir);
			/* Painting may take longer than the step. */
			view_due = now_ns() + view_step;
		}
	}
	return 0;
}

static int make_folder(const char *dir)
{
	int ret = dir ? picture_folder(dir) : 0;

	if (ret)
		fprintf(stderr, "xdf-backend: cannot make the folder %s: %s\n",
			dir, strerror(-ret));
	return ret;
}

static int write_ready(void)
{
	FILE *f;

	if (!run.ready)
		return 0;
	f = fopen(run.ready, "we");
	if (!f) {
		fprintf(stderr, "xdf-backend: cannot write %s: %s\n",
			run.ready, strerror(errno));
		return -1;
	}
	fprintf(f, "%d\n", getpid());
	return fclose(f);
}

int main(int argc, char **argv)
{
	sigset_t sigs;
	int ret, sigfd, timer;

	ret = parse(argc, argv);
	if (ret >= 0)
		return ret;
	/* Before XenStore's library starts its thread, which inherits this. */
	sigemptyset(&sigs);
	sigaddset(&sigs, SIGTERM);
	sigaddset(&sigs, SIGINT);
	sigaddset(&sigs, SIGHUP);
	sigaddset(&sigs, SIGUSR1);
	sigprocmask(SIG_BLOCK, &sigs, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigfd = signalfd(-1, &sigs, SFD_NONBLOCK | SFD_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (sigfd < 0 || timer < 0) {
		perror("xdf-backend: signals and timers");
		return 1;
	}
	if (make_folder(run.view_dir) || make_folder(run.pictures))
		return 1;
	hooks = &fault_hooks;
	if (log_open(run.log) || xen_open() || xenstore_open() || vdispl_open() ||
	    control_open(run.control, run.pictures, run.view_dir))
		return 1;
	log_note("what=start pid=%d refresh=%g at-once=%d versions=%s",
		 getpid(), opt.refresh, faults.at_once,
		 opt.versions ? opt.versions : "none");
	vdispl_sync();
	ret = write_ready();
	if (!ret)
		ret = loop(sigfd, timer);
	vdispl_close();
	xenstore_close();
	xen_close();
	control_close();
	copies_free();
	log_note("what=end violations=%llu",
		 (unsigned long long)violations_count());
	if (ret)
		return 1;
	return violations_count() ? EXIT_VIOLATIONS : 0;
}
