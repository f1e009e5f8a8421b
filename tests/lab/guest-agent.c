// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Runs commands for the lab over the console of a guest. Everything it says is
 * framed by lines that start with "@@", and each line is one write(), so that
 * output of several commands and kernel messages never mix:
 *
 *   host:  R ID SECONDS BASE64     run a shell command
 *   guest: @@R                     ready
 *          @@O ID BASE64           a piece of its output
 *          @@E ID STATUS           it ended (124: killed by its timeout)
 *          @@K TEXT                a kernel message
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS	32
#define LINE_MAX_LEN	65536

struct job {
	unsigned long id;
	pid_t pid;
	int fd;
	int status;
	int ended;
	time_t deadline;
};

static struct job jobs[MAX_JOBS];
static int njobs;
static int tty;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void say(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(tty, line, len);

		if (n < 0) {
			if (errno != EINTR && errno != EAGAIN)
				return;
			continue;
		}
		line += n;
		len -= n;
	}
}

static const char b64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode(char *out, const unsigned char *in, size_t len)
{
	char *o = out;

	for (size_t i = 0; i < len; i += 3) {
		unsigned int v = in[i] << 16;

		if (i + 1 < len)
			v |= in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*o++ = b64[v >> 18];
		*o++ = b64[v >> 12 & 63];
		*o++ = i + 1 < len ? b64[v >> 6 & 63] : '=';
		*o++ = i + 2 < len ? b64[v & 63] : '=';
	}
	return o - out;
}

static size_t decode(char *out, const char *in)
{
	unsigned int v = 0, bits = 0;
	char *o = out;

	for (; *in && *in != '='; in++) {
		const char *p = strchr(b64, *in);

		if (!p)
			break;
		v = v << 6 | (p - b64);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*o++ = v >> bits & 255;
		}
	}
	*o = '\0';
	return o - out;
}

static sigset_t usual;

/* It is there to interrupt poll. */
static void child_ended(int sig)
{
	(void)sig;
}

static void start(unsigned long id, long seconds, const char *code)
{
	static char cmd[LINE_MAX_LEN];
	int fds[2];
	char buf[64];
	pid_t pid;

	decode(cmd, code);
	if (njobs == MAX_JOBS || pipe2(fds, O_CLOEXEC)) {
		say(buf, snprintf(buf, sizeof(buf), "@@E %lu 125\n", id));
		return;
	}
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &usual, NULL);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(127);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	jobs[njobs++] = (struct job){
		.id = id, .pid = pid, .fd = fds[0], .deadline = now() + seconds,
	};
}

static void command(char *line)
{
	unsigned long id;
	long seconds;
	int at = 0;

	if (sscanf(line, "R %lu %ld %n", &id, &seconds, &at) == 2 && at)
		start(id, seconds, line + at);
}

/* Passes on what the job wrote; a child left in the background may go on. */
static void drain(struct job *j)
{
	unsigned char raw[600];
	char line[1024];
	ssize_t n;

	while ((n = read(j->fd, raw, sizeof(raw))) > 0) {
		int len = snprintf(line, sizeof(line), "@@O %lu ", j->id);

		len += encode(line + len, raw, n);
		line[len++] = '\n';
		say(line, len);
	}
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < njobs; i++) {
			if (jobs[i].pid != pid)
				continue;
			if (!jobs[i].status)
				jobs[i].status = WIFEXITED(status) ?
					WEXITSTATUS(status) :
					128 + WTERMSIG(status);
			jobs[i].ended = 1;
		}
	}
	for (int i = 0; i < njobs; i++) {
		struct job *j = &jobs[i];
		char buf[64];

		if (!j->ended && now() > j->deadline) {
			/*
			 * A task stuck in the kernel does not go away: answer
			 * anyhow.
			 */
			kill(-j->pid, SIGKILL);
			j->status = 124;
			if (now() > j->deadline + 2)
				j->ended = 1;
		}
		if (!j->ended)
			continue;
		drain(j);
		close(j->fd);
		say(buf, snprintf(buf, sizeof(buf), "@@E %lu %d\n", j->id,
				  j->status));
		*j = jobs[--njobs];
		i--;
	}
}

/* One record of /dev/kmsg: "PRIO,SEQ,USEC,FLAGS;TEXT\n KEY=VALUE...". */
static void kernel_message(int kmsg)
{
	char buf[8192], line[8192 + 64], *text, *end;
	unsigned long long usec = 0;
	ssize_t n;
	int len;

	for (;;) {
		n = read(kmsg, buf, sizeof(buf) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return;
		buf[n] = '\0';
		text = strchr(buf, ';');
		if (!text)
			continue;
		*text++ = '\0';
		sscanf(buf, "%*u,%*u,%llu", &usec);
		end = strchr(text, '\n');
		if (end)
			*end = '\0';
		len = snprintf(line, sizeof(line), "@@K [%5llu.%06llu] %s\n",
			       usec / 1000000, usec % 1000000, text);
		say(line, len);
	}
}

int main(void)
{
	static char line[LINE_MAX_LEN];
	struct pollfd fds[MAX_JOBS + 2];
	const struct timespec second = { 1, 0 };
	struct termios t;
	sigset_t child;
	size_t fill = 0;
	int kmsg;

	tty = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (tty < 0 || kmsg < 0)
		return 1;
	tcgetattr(tty, &t);
	cfmakeraw(&t);
	tcsetattr(tty, TCSANOW, &t);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = child_ended }, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &usual);
	kernel_message(kmsg);
	say("@@R\n", 4);

	for (;;) {
		char buf[512];
		ssize_t n;

		fds[0] = (struct pollfd){ .fd = tty, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = kmsg, .events = POLLIN };
		for (int i = 0; i < njobs; i++)
			fds[i + 2] = (struct pollfd){ .fd = jobs[i].fd,
						      .events = POLLIN };
		/* The end of a pipe is not the end of the job, that of its process is. */
		ppoll(fds, njobs + 2, &second, &usual);

		kernel_message(kmsg);
		for (int i = 0; i < njobs; i++)
			drain(&jobs[i]);
		reap();
		for (int i = 0, eof = 0; i < njobs && !eof; i++) {
			if (fds[i + 2].revents == POLLHUP) {
				usleep(5000);
				eof = 1;
			}
		}

		if (!(fds[0].revents & POLLIN))
			continue;
		n = read(tty, buf, sizeof(buf));
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && buf[i] != '\r') {
				if (fill < sizeof(line) - 1)
					line[fill++] = buf[i];
				continue;
			}
			line[fill] = '\0';
			if (fill)
				command(line);
			fill = 0;
		}
	}
}
