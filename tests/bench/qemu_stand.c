// SPDX-License-Identifier: GPL-2.0 OR MIT
/* In QEMU's place for check: translates and executes blocks as it is told. */
#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb {
	uint64_t address;
	size_t instructions;
	void (*executed)(unsigned int cpu, void *data);
	void *data;
};

static void (*translated)(uint64_t id, struct qemu_plugin_tb *tb);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*cb)(uint64_t, struct qemu_plugin_tb *))
{
	translated = cb;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned int, void *),
					  int flags, void *data)
{
	tb->executed = cb;
	tb->data = data;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->instructions;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	return tb->address;
}

void play(uint64_t address, unsigned int instructions, unsigned int cpu, unsigned int times)
{
	struct qemu_plugin_tb tb = { .address = address, .instructions = instructions };

	translated(1, &tb);
	while (times--)
		tb.executed(cpu, tb.data);
}
