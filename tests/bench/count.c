// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A plugin of QEMU's (version 1 of their interface). It counts the instructions
 * that each processor executes, by whose they are, and notes when a program in
 * there calls into the page at MARK. Between a call of MARK_BEGIN and one of
 * MARK_END it counts each block of code, too. All of that is in a file that is
 * mapped by who wants to know; its layout is struct counts, and that of bench.py.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mark.h"

#define EXPORT	__attribute__((visibility("default")))
#define CPUS	4
#define MARKS	4096
#define BLOCKS	(1u << 22)
#define BUCKET_BITS	23
#define BUCKETS	(1u << BUCKET_BITS)

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

enum space { USER, KERNEL, MODULE, XEN, SPACES };

static struct counts {
	struct {
		uint64_t n[SPACES];
		uint64_t pad[4];	/* a cache line for each */
	} cpu[CPUS];
	uint64_t marks;
	struct {
		uint64_t ns, kind, cpu;
		uint64_t n[SPACES];	/* of that processor */
		uint64_t first;		/* of the first one, all */
	} mark[MARKS];
	uint64_t counting;		/* blocks */
	uint64_t blocks;
	/* the last entry is for all those that there was no room for */
	struct block {
		uint64_t address, instructions;
	} block[BLOCKS];
	uint64_t executed[CPUS][BLOCKS];
} *counts;

/* Where a block is, its space and its instructions, in one word. */
#define WORD(block, space, n)	((uintptr_t)(block) << 32 | (space) << 16 | (n))

static uint32_t bucket[BUCKETS];	/* the block's number and one; 0 is free */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum space space_of(uint64_t address)
{
	if (address < 1ull << 47)
		return USER;
	if (address >> 36 == 0xffff82d)
		return XEN;
	if (address >= 0xffffffffc0000000 && address < 0xffffffffff000000)
		return MODULE;
	return KERNEL;
}

static void executed(unsigned int cpu, void *data)
{
	uintptr_t word = (uintptr_t)data;

	if (cpu >= CPUS)
		return;
	counts->cpu[cpu].n[word >> 16 & 0xffff] += word & 0xffff;
	if (__atomic_load_n(&counts->counting, __ATOMIC_RELAXED))
		counts->executed[cpu][word >> 32]++;
}

static uint64_t sum(unsigned int cpu)
{
	uint64_t all = 0;
	int i;

	for (i = 0; i < SPACES; i++)
		all += counts->cpu[cpu].n[i];
	return all;
}

static void marked(unsigned int cpu, void *data)
{
	uint64_t n, kind = (uintptr_t)data;
	struct timespec ts;

	if (cpu >= CPUS)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	pthread_mutex_lock(&lock);
	n = counts->marks % MARKS;
	counts->mark[n].ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	counts->mark[n].kind = kind;
	counts->mark[n].cpu = cpu;
	memcpy(counts->mark[n].n, counts->cpu[cpu].n, sizeof(counts->mark[n].n));
	counts->mark[n].first = sum(0);
	__atomic_store_n(&counts->marks, counts->marks + 1, __ATOMIC_RELEASE);
	if (kind != MARK_POINT)
		__atomic_store_n(&counts->counting, kind == MARK_BEGIN, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}

/* The same code is translated again and again; it stays the same block. */
static uint32_t block_of(uint64_t address, uint64_t instructions)
{
	uint64_t hash = (address ^ instructions << 48) * 0x9e3779b97f4a7c15ull >> (64 - BUCKET_BITS);
	uint32_t found;

	pthread_mutex_lock(&lock);
	while (bucket[hash]) {
		struct block *b = &counts->block[bucket[hash] - 1];

		if (b->address == address && b->instructions == instructions)
			break;
		hash = (hash + 1) % BUCKETS;
	}
	found = bucket[hash];
	if (found) {
		found--;
	} else if (counts->blocks < BLOCKS - 1) {
		found = counts->blocks;
		counts->block[found] = (struct block){ address, instructions };
		__atomic_store_n(&counts->blocks, found + 1, __ATOMIC_RELEASE);
		bucket[hash] = found + 1;
	} else {
		found = BLOCKS - 1;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	enum space space = space_of(address);
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (address >> 12 == MARK >> 12) {
		qemu_plugin_register_vcpu_tb_exec_cb(tb, marked, QEMU_PLUGIN_CB_NO_REGS,
						     (void *)(uintptr_t)(address - MARK));
		return;
	}
	/* each process is at other addresses, and nobody asks for a function of its */
	if (space == USER)
		address = 0;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)WORD(block_of(address, n), space, n));
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
