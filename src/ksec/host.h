/* SPDX-License-Identifier: MIT */
/*
 * ksec/host: the host of kernel halves in user space, with the contract of ksec/ksec.h, so that packages are
 * tested without a kernel. Memory is base/mem's: secret, zeroed, wiped, counted by mem_live() and refused by
 * mem_test_gate. Randomness is base/sources'. Not part of the library.
 */
#ifndef OPENSSPI_KSEC_HOST_H
#define OPENSSPI_KSEC_HOST_H

#include "ksec/ksec.h"

/*
 * Makes this thread behave as one that must not sleep, as in a spin lock or in softirq context: what may
 * sleep aborts the process, saying so on standard error. For whoever calls message functions.
 */
void ksec_host_atomic(bool on);

/* Allocations that kernel halves made since the start. */
size_t ksec_host_allocations(void);

#endif
