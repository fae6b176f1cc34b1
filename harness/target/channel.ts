// SPDX-License-Identifier: GPL-2.0-only
/** The harness's end of a conversation in frames: questions with sequence numbers, answers with deadlines. */
import type { Readable, Writable } from 'node:stream';
import type { WireHello, WireProgram, WireReply } from '../lower/wire.js';
import { type Frame, FrameDecoder, FrameError, FrameType, encodeFrame } from './frame.js';
import { ErrorCode, decodeComplaint, decodeHello, decodeReply } from './reply-codec.js';
import { WireError, encodeProgram } from './wire-codec.js';

/**
 * - `eof`: the other side is gone.
 * - `damaged`: a frame that is none, of the wrong kind, or undecodable; nothing after it can be trusted.
 * - `deadline`: no answer in time. The channel still works: a late answer is dropped.
 * - `refused`: the executor read the program and would not or could not start it.
 */
export type ChannelErrorKind = 'eof' | 'damaged' | 'deadline' | 'refused';

/** Why a question got no answer. What it means for the target is the executor's to say. */
export class ChannelError extends Error {
  override name = 'ChannelError';
  constructor(
    readonly kind: ChannelErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

interface Question {
  answerType: number;
  answer: (payload: Buffer) => void;
  fail: (error: ChannelError) => void;
}

/** A conversation over a pair of streams (or one duplex given twice), which it neither opens nor closes. */
export class Channel {
  readonly #output: Writable;
  readonly #decoder = new FrameDecoder();
  readonly #questions = new Map<number, Question>();
  /** Questions whose deadline passed; their answers may still come. */
  readonly #abandoned = new Set<number>();
  #sequence = 0;
  #answered = false;
  #failure: ChannelError | undefined;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    const ended = (): void => this.#end();
    for (const event of ['end', 'close', 'error']) input.on(event, ended);
    output.on('error', ended);
    output.on('close', ended);
  }

  /** Set once the channel is of no more use; every later question fails with it. */
  get failure(): ChannelError | undefined {
    return this.#failure;
  }

  /**
   * Ask who is there. An executor that is still starting answers when it has started.
   *
   * @param timeoutMs milliseconds to wait.
   * @throws ChannelError
   */
  hello(timeoutMs: number): Promise<WireHello> {
    return this.#ask(FrameType.hello, Buffer.alloc(0), FrameType.hello, timeoutMs, decodeHello);
  }

  /**
   * Have a program executed.
   *
   * @param deadlineMs milliseconds to wait for the reply; more than the program's own limit.
   * @throws ChannelError
   */
  async run(program: WireProgram, deadlineMs: number): Promise<WireReply> {
    let payload;
    try {
      payload = encodeProgram(program);
    } catch (cause) {
      if (cause instanceof WireError) throw new ChannelError('refused', cause.message, { cause });
      throw cause;
    }
    return this.#ask(FrameType.run, payload, FrameType.result, deadlineMs, (bytes) =>
      decodeReply(bytes, program.ops),
    );
  }

  #ask<T>(
    type: number,
    payload: Buffer,
    answerType: number,
    timeoutMs: number,
    decode: (payload: Buffer) => T,
  ): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    const sequence = ++this.#sequence;
    let frame: Buffer;
    try {
      frame = encodeFrame({ type, sequence, payload });
    } catch (cause) {
      if (!(cause instanceof FrameError)) throw cause;
      return Promise.reject(new ChannelError('refused', cause.message, { cause }));
    }
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(sequence);
        this.#abandoned.add(sequence);
        reject(new ChannelError('deadline', `Expected an answer within ${timeoutMs} ms, got none`));
      }, timeoutMs);
      this.#questions.set(sequence, {
        answerType,
        answer: (bytes) => {
          const value = decode(bytes);
          clearTimeout(timer);
          resolve(value);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#output.write(frame);
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#failure) return;
    try {
      for (const frame of this.#decoder.push(chunk)) this.#dispatch(frame);
    } catch (cause) {
      if (cause instanceof ChannelError) this.#fail(cause);
      else if (cause instanceof FrameError || cause instanceof WireError) {
        this.#fail(new ChannelError('damaged', cause.message, { cause }));
      } else throw cause;
    }
  }

  #dispatch({ type, sequence, payload }: Frame): void {
    // An executor greets unasked when it starts, so never after it has answered something.
    if (type === FrameType.hello && sequence === 0 && !this.#answered) {
      decodeHello(payload);
      return;
    }
    const complaint = type === FrameType.error ? decodeComplaint(payload) : undefined;
    if (complaint && (sequence === 0 || complaint.code === ErrorCode.damaged)) {
      throw new ChannelError('damaged', `The executor received no valid frame: ${complaint.text}`);
    }
    if (this.#abandoned.delete(sequence)) return;
    const question = this.#questions.get(sequence);
    if (!question) {
      throw new ChannelError('damaged', `Got a frame of type ${type} that answers nothing (${sequence})`);
    }
    if (!complaint && type !== question.answerType) {
      throw new ChannelError('damaged', `Expected a frame of type ${question.answerType}, got ${type}`);
    }
    this.#answered = true;
    if (complaint) {
      this.#questions.delete(sequence);
      question.fail(new ChannelError('refused', complaint.text));
      return;
    }
    // An answer that cannot be decoded throws: the question then fails with all the others.
    question.answer(payload);
    this.#questions.delete(sequence);
  }

  #end(): void {
    if (this.#decoder.midFrame) {
      this.#fail(new ChannelError('damaged', 'The stream ended inside a frame'));
    } else {
      this.#fail(new ChannelError('eof', 'The executor closed the channel'));
    }
  }

  #fail(error: ChannelError): void {
    this.#failure ??= error;
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    for (const { fail } of questions) fail(this.#failure);
  }
}
