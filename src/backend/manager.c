// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A process for each guest that has a display or a keyboard here, so that
 * nothing a guest does reaches another one's screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "loop.h"
#include "run.h"
#include "say.h"
#include "xenstore.h"

#define ARGS		64
/* Waits before a process that failed is started again. */
#define FIRST_WAIT	(1 * NSEC)
#define LAST_WAIT	(32 * NSEC)
/* After so long without a failure all is forgotten. */
#define CALM		(60 * NSEC)

struct guest {
	struct guest *next;
	uint32_t domid;
	bool seen;
	pid_t pid;		/* 0: not running */
	uint64_t since, due, wait;
};

static struct guest *guests;
static struct watch signals, store;
static bool quit;
static char lock[128];

/* Where devices of this domain are listed. */
static const char *const kinds[] = { DISPLIF_XENBUS_TYPE, "vinput" };
static char roots[2][64];

/* ---- their processes ---- */

static void guest_start(struct guest *g)
{
	char number[16], *argv[ARGS];
	posix_spawnattr_t attr;
	sigset_t none;
	int n = 0, ret;

	snprintf(number, sizeof(number), "%u", g->domid);
	while (run.argv[n] && n < ARGS - 3) {
		argv[n] = run.argv[n];
		n++;
	}
	argv[n++] = "--guest";
	argv[n++] = number;
	argv[n] = NULL;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	ret = posix_spawn(&g->pid, "/proc/self/exe", NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	g->since = now_ns();
	g->due = 0;
	if (!ret)
		return;
	g->pid = 0;
	g->due = g->since + LAST_WAIT;
	log_error("cannot start a process for domain %u: %s", g->domid,
		  strerror(ret));
}

static void guest_stop(struct guest *g)
{
	if (g->pid)
		kill(g->pid, SIGTERM);
}

static void guest_ended(struct guest *g, int status)
{
	uint64_t now = now_ns();

	g->pid = 0;
	if (quit || !g->seen)
		return;
	/* it was told to end, as its devices went; they are there again */
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		g->due = now;
		return;
	}
	if (now - g->since > CALM || !g->wait)
		g->wait = FIRST_WAIT;
	else if (g->wait < LAST_WAIT)
		g->wait *= 2;
	g->due = now + g->wait;
	if (WIFSIGNALED(status))
		log_error("the process of domain %u ended by signal %d (%s): starting it again in %u s",
			  g->domid, WTERMSIG(status), strsignal(WTERMSIG(status)),
			  (unsigned int)(g->wait / NSEC));
	else
		log_error("the process of domain %u ended with status %d: starting it again in %u s",
			  g->domid, WEXITSTATUS(status),
			  (unsigned int)(g->wait / NSEC));
}

static void reap(void)
{
	struct guest *g;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (g = guests; g; g = g->next)
			if (g->pid == pid)
				guest_ended(g, status);
}

/* ---- which there are ---- */

static void guest_found(uint32_t domid)
{
	struct guest *g;

	for (g = guests; g; g = g->next)
		if (g->domid == domid)
			break;
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		g->domid = domid;
		g->next = guests;
		guests = g;
		guest_start(g);
	}
	g->seen = true;
}

static void sync_guests(void)
{
	struct guest *g;
	unsigned int n, i, k;
	uint32_t domid;
	char **names;

	for (g = guests; g; g = g->next)
		g->seen = false;
	for (k = 0; k < 2; k++) {
		names = xenstore_list(roots[k], &n);
		for (i = 0; names && i < n; i++)
			if (parse_number(names[i], 0x7fef, &domid))
				guest_found(domid);
		free(names);
	}
	for (g = guests; g; g = g->next)
		if (!g->seen)
			guest_stop(g);
}

/* Those that are gone and have no process, or whose process has to come back. */
static int tidy(void)
{
	struct guest **at = &guests, *g;
	uint64_t now = now_ns(), due = 0;

	while ((g = *at)) {
		if (!g->seen && !g->pid) {
			*at = g->next;
			free(g);
			continue;
		}
		if (g->due && g->due <= now)
			guest_start(g);
		if (g->due && (!due || g->due < due))
			due = g->due;
		at = &g->next;
	}
	return due ? (int)((due - now) / 1000000) + 1 : -1;
}

/* ---- the service ---- */

static void on_signal(struct watch *w)
{
	struct signalfd_siginfo si;

	if (read(w->fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		reap();
	else
		quit = true;
}

static void on_store(struct watch *w)
{
	(void)w;
	if (xenstore_drain())
		sync_guests();
}

static void notify(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(sa.sun_path))
		return;
	strcpy(sa.sun_path, path);
	if (*path == '@')
		*sa.sun_path = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, what, strlen(what), MSG_NOSIGNAL, (void *)&sa,
		   offsetof(struct sockaddr_un, sun_path) + strlen(path)) < 0)
		log_error("cannot tell systemd %s: %s", what, strerror(errno));
	close(fd);
}

/* Return whether PATH is still this file, and not one that its last owner has removed. */
static bool is_there(const char *path, int fd)
{
	struct stat a, b;

	return !stat(path, &a) && !fstat(fd, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* Two of us would pull each other's rings away. Its being there says that we run. */
static int alone(void)
{
	int fd;

	if (mkdir(run.dir, 0755) && errno != EEXIST) {
		log_error("cannot make %s: %s", run.dir, strerror(errno));
		return -1;
	}
	snprintf(lock, sizeof(lock), "%.100s/lock", run.dir);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_error("cannot write in %s: %s. Start the service instead: systemctl start xen-display-backend",
			  run.dir, strerror(errno));
		return -1;
	}
	/* held until the end */
	if (!flock(fd, LOCK_EX | LOCK_NB) && is_there(lock, fd))
		return 0;
	close(fd);
	log_error("another one serves this host's displays already: see systemctl status xen-display-backend");
	return -1;
}

static int open_all(void)
{
	sigset_t set;
	unsigned int k;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	/* before XenStore's library starts its thread, which inherits this */
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (alone() || xenstore_open())
		return -1;
	if (opt.domid < 0)
		opt.domid = xenstore_domid();
	if (opt.domid < 0) {
		log_error("XenStore does not tell this domain's number: give it with --domid");
		return -1;
	}
	if (loop_open())
		return -1;
	signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	signals.ready = on_signal;
	store.fd = xenstore_fd();
	store.ready = on_store;
	if (signals.fd < 0 || loop_add(&signals) || loop_add(&store))
		return -1;
	for (k = 0; k < 2; k++) {
		snprintf(roots[k], sizeof(roots[k]), "/local/domain/%d/backend/%s",
			 opt.domid, kinds[k]);
		if (xenstore_watch(roots[k], kinds[k])) {
			log_error("cannot watch %s in XenStore: %s", roots[k],
				  strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* Return an exit status. */
int manager_main(void)
{
	struct guest *g;

	if (open_all())
		return 1;
	sync_guests();
	notify("READY=1");
	while (!quit)
		if (loop_wait(tidy()) < 0)
			return 1;
	notify("STOPPING=1");
	for (g = guests; g; g = g->next)
		guest_stop(g);
	for (g = guests; g; g = g->next)
		if (g->pid)
			waitpid(g->pid, NULL, 0);
	unlink(lock);
	return 0;
}
