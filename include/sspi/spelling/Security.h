/* SPDX-License-Identifier: MIT */
#include "security.h"
