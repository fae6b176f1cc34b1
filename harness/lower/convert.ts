// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../program/step.js';
import * as structs from '../uapi/structs.js';
import type { Lifted, Lower, LowerContext } from './context.js';
import { command, readBack } from './kvm.js';
import { structArg } from './pointer.js';

const PRIVATE = 8n;

/** The way of the profile's dialect. */
export const convert: Lower<StepOf<'convert'>> = (cx, s) => {
  const { conversion } = cx.profile;
  if (conversion.kind === 'convert-ioctls') {
    return convertIoctl(cx, { ...s, verb: 'convert_raw', error_offset: 0n, reserved: [], arg: 'good' });
  }
  const layout = structs.kvmMemoryAttributes2;
  const attributes = s.to === 'private' ? PRIVATE : 0n;
  const value = { offset: s.offset, size: s.size, attributes, flags: conversion.flags };
  const arg = structArg(cx.b, layout, value, 'good');
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, command('KVM_SET_MEMORY_ATTRIBUTES2'), arg.arg]);
  return { main, fields: readBack(cx, layout, arg, ['error_offset']) };
};

export const convertRaw: Lower<StepOf<'convert_raw'>> = (cx, s) => convertIoctl(cx, s);

function convertIoctl(cx: LowerContext, s: StepOf<'convert_raw'>): Lifted {
  const { offset, size, error_offset, reserved } = s;
  const layout = structs.kvmGmemConvert;
  const arg = structArg(cx.b, layout, { offset, size, error_offset, reserved }, s.arg);
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, command(COMMANDS[s.to]), arg.arg]);
  return { main, fields: readBack(cx, layout, arg, ['error_offset']) };
}

const COMMANDS: Readonly<Record<StepOf<'convert'>['to'], string>> = {
  private: 'KVM_GMEM_CONVERT_PRIVATE',
  shared: 'KVM_GMEM_CONVERT_SHARED',
};
