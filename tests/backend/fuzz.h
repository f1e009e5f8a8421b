/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What libFuzzer calls. */
#ifndef XDF_FUZZ_H
#define XDF_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif /* XDF_FUZZ_H */
