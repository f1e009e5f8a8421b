// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xdf-guest.h"

static const struct {
	const char *name;
	int (*run)(const struct opts *o);
	const char *help;
} commands[] = {
	{ "info", cmd_info, "what the card has" },
	{ "pattern", cmd_pattern, "checksum of the pattern, without a card" },
	{ "draw", cmd_draw, "show a pattern" },
	{ "pan", cmd_pan, "show one part of a wide buffer after the other" },
	{ "flips", cmd_flips, "page flips with events" },
	{ "together", cmd_together, "all outputs changed by each commit" },
	{ "hold", cmd_hold, "flip until killed, whatever happens to the card" },
	{ "dpms", cmd_dpms, "off and on, legacy and atomic" },
	{ "damage", cmd_damage, "draw without flips" },
	{ "vblank", cmd_vblank, "waits, sequences and timestamps" },
	{ "addfb", cmd_addfb, "what must be rejected, and what not" },
	{ "prime", cmd_prime, "export, map and import again" },
	{ "import", cmd_import, "show a buffer of somebody else's" },
	{ "stress", cmd_stress, "buffers made and destroyed many times" },
	{ "again", cmd_again, "buffers of one size, one after the other" },
	{ "fill-up", cmd_fill_up, "buffers made until rejected, twice" },
	{ "stuck", cmd_stuck, "hold DRM's locks until killed" },
	{ "fbdev", cmd_fbdev, "draw through /dev/fb0" },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

enum {
	O_CARD = 256, O_CONN, O_FORMAT, O_WIDTH, O_HEIGHT, O_PAD, O_AROUND, O_SEED,
	O_COUNT, O_CYCLES, O_SECONDS, O_TIMEOUT, O_LIMIT, O_STILL, O_RATE, O_TOLERANCE,
	O_HOLD, O_ASYNC, O_ATOMIC, O_BUSY, O_ANY_SEQ, O_BARS, O_FROM, O_BUFFER, O_QUIET, O_WAIT,
	O_HELP,
};

static const struct option options[] = {
	{ "card", required_argument, NULL, O_CARD },
	{ "conn", required_argument, NULL, O_CONN },
	{ "conns", required_argument, NULL, O_CONN },
	{ "format", required_argument, NULL, O_FORMAT },
	{ "width", required_argument, NULL, O_WIDTH },
	{ "height", required_argument, NULL, O_HEIGHT },
	{ "pad", required_argument, NULL, O_PAD },
	{ "around", required_argument, NULL, O_AROUND },
	{ "seed", required_argument, NULL, O_SEED },
	{ "count", required_argument, NULL, O_COUNT },
	{ "cycles", required_argument, NULL, O_CYCLES },
	{ "seconds", required_argument, NULL, O_SECONDS },
	{ "timeout-ms", required_argument, NULL, O_TIMEOUT },
	{ "limit-mb", required_argument, NULL, O_LIMIT },
	{ "still", required_argument, NULL, O_STILL },
	{ "rate", required_argument, NULL, O_RATE },
	{ "tolerance", required_argument, NULL, O_TOLERANCE },
	{ "from", required_argument, NULL, O_FROM },
	{ "buffer", required_argument, NULL, O_BUFFER },
	{ "hold", no_argument, NULL, O_HOLD },
	{ "async", no_argument, NULL, O_ASYNC },
	{ "atomic", no_argument, NULL, O_ATOMIC },
	{ "any-sequence", no_argument, NULL, O_ANY_SEQ },
	{ "busy", no_argument, NULL, O_BUSY },
	{ "bars", no_argument, NULL, O_BARS },
	{ "quiet", no_argument, NULL, O_QUIET },
	{ "wait", no_argument, NULL, O_WAIT },
	{ "help", no_argument, NULL, O_HELP },
	{ }
};

static void usage(FILE *f)
{
	fputs("usage: xdf-guest COMMAND [options]\n\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-10s%s\n", commands[i].name, commands[i].help);
	fputs("\n"
	      "  --card PATH         card to use (default: the first of xendrm-du)\n"
	      "  --conns N[,N...]    connectors by index (default 0)\n"
	      "  --format FOURCC     pixel format (default XR24)\n"
	      "  --width W --height H  mode to use (default: the first)\n"
	      "  --pad N             pixels by which rows in memory are longer\n"
	      "  --around N          pixels of the buffer beyond each edge of the screen\n"
	      "  --seed S            of the pattern; --bars draws colour bars\n"
	      "  --count N, --cycles N, --seconds N  how much or how long\n"
	      "  --timeout-ms N      longest wait for an event (default 10000)\n"
	      "  --limit-mb N        most memory that fill-up takes\n"
	      "  --still N           outputs, the first N, that do not flip\n"
	      "  --rate HZ, --tolerance PERCENT  expected by vblank\n"
	      "  --async, --atomic   kind of flips\n"
	      "  --from DRIVER       of the card whose buffer is imported (default xendrm-du);\n"
	      "                      or udmabuf, or exporter for that of tests/lab\n"
	      "  --buffer WxH        size of what is imported (default: the mode's)\n"
	      "  --any-sequence      for drivers without vblank numbers\n"
	      "  --busy              a second flip must be rejected meanwhile\n"
	      "  --wait              pan goes on at SIGUSR1 only\n"
	      "  --hold              stay in the background with the picture\n", f);
}

static unsigned int number(const char *name, const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end || *s == '-' || v > 0xffffffffUL)
		die("--%s '%s' is not a number from 0 to 4294967295", name, s);
	return v;
}

static void parse_conns(struct opts *o, const char *s)
{
	o->nconns = 0;
	while (*s) {
		char *end;
		long v = strtol(s, &end, 10);

		if (end == s || (*end && *end != ',') || v < 0 || v >= MAX_OUTPUTS)
			die("--conns '%s' is not a list of numbers such as 0,1", s);
		if (o->nconns == MAX_OUTPUTS)
			die("--conns: more than %d", MAX_OUTPUTS);
		o->conns[o->nconns++] = v;
		s = *end ? end + 1 : end;
	}
	if (!o->nconns)
		die("--conns is empty");
}

int main(int argc, char **argv)
{
	struct opts o = {
		.nconns = 1,
		.format = DRM_FORMAT_XRGB8888,
		.seed = 1,
		.from = "xendrm-du",
		.timeout_ms = 10000,
		.limit_mb = 192,
		.tolerance = 10,
	};
	size_t cmd = 0;
	int c, idx = 0;

	while ((c = getopt_long(argc, argv, "h", options, &idx)) != -1) {
		const char *name = c >= 256 ? options[idx].name : "";

		switch (c) {
		case O_CARD:
			o.card = optarg;
			break;
		case O_CONN:
			parse_conns(&o, optarg);
			break;
		case O_FROM:
			o.from = optarg;
			break;
		case O_BUFFER:
			if (sscanf(optarg, "%ux%u", &o.buffer_width, &o.buffer_height) != 2)
				die("--buffer '%s' is not WIDTHxHEIGHT", optarg);
			break;
		case O_FORMAT:
			o.format = format_parse(optarg);
			break;
		case O_WIDTH:
			o.width = number(name, optarg);
			break;
		case O_HEIGHT:
			o.height = number(name, optarg);
			break;
		case O_AROUND:
			o.around = number(name, optarg);
			break;
		case O_PAD:
			o.pad = number(name, optarg);
			break;
		case O_SEED:
			o.seed = number(name, optarg);
			break;
		case O_COUNT:
			o.count = number(name, optarg);
			break;
		case O_CYCLES:
			o.cycles = number(name, optarg);
			break;
		case O_SECONDS:
			o.seconds = number(name, optarg);
			break;
		case O_TIMEOUT:
			o.timeout_ms = number(name, optarg);
			break;
		case O_LIMIT:
			o.limit_mb = number(name, optarg);
			break;
		case O_STILL:
			o.still = number(name, optarg);
			break;
		case O_RATE:
			o.rate = atof(optarg);
			break;
		case O_TOLERANCE:
			o.tolerance = atof(optarg);
			break;
		case O_HOLD:
			o.hold = true;
			break;
		case O_ASYNC:
			o.async = true;
			break;
		case O_ATOMIC:
			o.atomic = true;
			break;
		case O_ANY_SEQ:
			o.any_sequence = true;
			break;
		case O_BUSY:
			o.busy = true;
			break;
		case O_BARS:
			o.bars = true;
			break;
		case O_QUIET:
			o.quiet = true;
			break;
		case O_WAIT:
			o.wait = true;
			break;
		case 'h':
		case O_HELP:
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}

	if (optind != argc - 1) {
		usage(stderr);
		return 2;
	}
	while (cmd < NCOMMANDS && strcmp(commands[cmd].name, argv[optind]))
		cmd++;
	if (cmd == NCOMMANDS) {
		fprintf(stderr, "xdf-guest: no command '%s'\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	if (!o.width != !o.height)
		die("--width and --height go together");

	return commands[cmd].run(&o);
}
