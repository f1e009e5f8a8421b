/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* For kernels without this header; compat.h has what is needed of it. */
