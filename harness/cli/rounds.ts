// SPDX-License-Identifier: GPL-2.0-only

/** Enough that threads meet in several ways, few enough for every run: a round takes about 10 ms in a guest. */
export const ROUNDS = 20;
