// SPDX-License-Identifier: GPL-2.0-only
/** Ways to hold a page of a mapping, for the `pin` verb, and the feature of suites/features.yaml each needs. */
export const PIN_WAYS = {
  /** FOLL_LONGTERM by /sys/kernel/debug/gup_test, for writing. */
  gup_longterm: 'gup-test',
  gup_longterm_read: 'gup-test',
  /** The same by the path without the mmap lock. */
  gup_longterm_fast: 'gup-test',
  /** A reference taken by a pipe; it never was a pin, and holds a page all the same. */
  vmsplice: undefined,
  vmsplice_gift: undefined,
  /** A whole page spliced, and half of it drained from the pipe. */
  vmsplice_half: undefined,
  /** IORING_REGISTER_BUFFERS. */
  io_uring: 'io-uring',
  /** An asynchronous read in flight, against a device that takes its time. */
  o_direct: 'o-direct-hold',
  /** A DMA map of a type1v2 container. */
  vfio: 'vfio',
  /** A map of an IOAS with a device attached. */
  iommufd: 'iommufd',
} as const satisfies Readonly<Record<string, string | undefined>>;

export type PinWay = keyof typeof PIN_WAYS;
export const PIN_WAY_NAMES = Object.keys(PIN_WAYS) as PinWay[];
