// SPDX-License-Identifier: GPL-2.0-only
/**
 * Guest physical addresses that the vCPU set-up occupies; cases place their memory elsewhere below 4 GiB.
 * They lie in different gigabytes because on aarch64 one of them is mapped as memory, the other as a device.
 */
export const BOOT_GPA = 0x8000_0000n;
export const DOORBELL_GPA = 0xc000_0000n;
