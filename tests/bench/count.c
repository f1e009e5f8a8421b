// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A plugin of QEMU's (version 1 of their interface): how many instructions each
 * processor has executed, and when, by this machine's clock, a program in there
 * called the function at MARK. Both are in a file that is mapped by who wants to
 * know; its layout is that of struct counts, and bench.py's.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORT	__attribute__((visibility("default")))
#define MARK	0x133700000000ull
#define CPUS	8
#define MARKS	1024

struct qemu_plugin_tb;

/* Debian's package of QEMU has no header of this. */
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int, void *),
					  enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv);

EXPORT int qemu_plugin_version = 1;

static struct counts {
	/* each on a cache line of its own */
	struct {
		uint64_t instructions, pad[7];
	} cpu[CPUS];
	uint64_t marks;
	struct {
		uint64_t ns, instructions;	/* the latter of the first processor */
	} mark[MARKS];
} *counts;

static void executed(unsigned int cpu, void *data)
{
	if (cpu < CPUS)
		counts->cpu[cpu].instructions += (uintptr_t)data;
}

static void marked(unsigned int cpu, void *data)
{
	uint64_t n = counts->marks % MARKS;
	struct timespec ts;

	(void)cpu;
	(void)data;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	counts->mark[n].ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	counts->mark[n].instructions = counts->cpu[0].instructions;
	__atomic_store_n(&counts->marks, counts->marks + 1, __ATOMIC_RELEASE);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	if (qemu_plugin_tb_vaddr(tb) == MARK)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, marked, QEMU_PLUGIN_CB_NO_REGS, NULL);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)qemu_plugin_tb_n_insns(tb));
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int fd = -1, i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "counts=", 7))
			fd = open(argv[i] + 7, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*counts))) {
		fprintf(stderr, "count: counts=FILE is missing, or cannot be written\n");
		return -1;
	}
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
