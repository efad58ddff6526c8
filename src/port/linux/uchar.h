/* SPDX-License-Identifier: MIT */
/* UTF-16 code units. Nothing in the kernel converts them. */
#ifndef OPENSSPI_PORT_LINUX_UCHAR_H
#define OPENSSPI_PORT_LINUX_UCHAR_H

typedef __CHAR16_TYPE__ char16_t;

#endif
