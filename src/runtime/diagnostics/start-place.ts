/**
 * The line of code that started a goroutine.
 *
 * The stack at the start of a goroutine is, innermost first: the probe, `spawn`, frames of this package, the caller.
 * The capture begins at the frame below `spawn`, which belongs to this package by construction: `go`, `workers`, a
 * stage. The following frames of this package are recognized by file:
 *
 * - in the sources, also where a source map shows them, by the folder `src` at any depth below it;
 * - in the built package by the files of its chunks: the runtime and the tracker are in different chunks;
 * - in a bundle not at all, for there the code of the package and of the program share a file. The frame below the
 *   first is then the caller. For goroutines of a group, which start from deeper down, `Owner.entry` names the function
 *   that counts as the first frame.
 *
 * JavaScriptCore (Bun, Safari) makes tail calls: the stack lacks a function that returned the call of another. So there the
 * capture begins below `spawn` for groups too. Its collector writes the text of a stack whose code is gone, and does not
 * call the hook that maps places to the sources (`Error.prepareStackTrace`): so `captureStack` takes the frames at once there, and
 * the hook gets them when the text is read.
 *
 * A host without `Error.captureStackTrace` shows no places.
 */
import type { Task } from '../goroutine/task.js'
import { spawn } from '../goroutine/goroutine.js'

/** Holds a stack, whose text the host makes at the first read. */
export interface Origin {
  readonly stack?: string
}

interface StackCapture {
  captureStackTrace?: (holder: object, below: unknown) => void
  prepareStackTrace?: PrepareStackTrace
}

type PrepareStackTrace = (error: Error, frames: never) => unknown

/** The stack of the code that starts this goroutine. Called from the probe's `spawn`. */
export function captureOrigin(goroutine: Task): Origin {
  const below = goroutine.owner?.entry
  return capture(below === undefined || isJavaScriptCore() ? spawn : below)
}

/** The stack of the caller, `depth` frames at most. */
export function captureStack(depth: number): Origin {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = depth
  const origin = captureBelow(captureStack)
  Error.stackTraceLimit = stackTraceLimit
  return origin
}

function captureBelow(below: unknown): Origin {
  const { prepareStackTrace } = Error as StackCapture // the hook is missing in most programs
  if (typeof prepareStackTrace !== 'function' || !isJavaScriptCore()) return capture(below)
  Error.prepareStackTrace = (_, frames) => frames
  const { stack } = capture(below)
  Error.prepareStackTrace = prepareStackTrace
  return new Frames(stack as never, prepareStackTrace) // by the hook of the line above, which returns the frames
}

function capture(below: unknown): Origin {
  const { captureStackTrace } = Error as StackCapture // the method is missing in some hosts
  const origin = {}
  captureStackTrace?.(origin, below)
  return origin
}

/** The frames of a stack, and the hook that makes its text. */
class Frames implements Origin {
  constructor(
    private readonly _frames: never,
    private readonly _prepare: PrepareStackTrace,
  ) {}

  get stack(): string {
    return String(this._prepare(new Error(), this._frames))
  }
}

/** Null until the first stack is taken. */
let makesTailCalls: boolean | null = null

function isJavaScriptCore(): boolean {
  return (makesTailCalls ??= returnsCall())
}

/** Whether its frame is gone in the function that it returns the call of. */
function returnsCall(): boolean {
  return lacks(returnsCall)
}

function lacks(caller: unknown): boolean {
  return framesOf(capture(caller).stack).length === 0
}

/**
 * The line of code behind an origin: `main (/app/main.ts:12:3)`. Null if no call of the program started the goroutine.
 */
export function placeOf({ stack }: Origin): string | null {
  const [own, ...others] = framesOf(stack)
  const caller = own === undefined ? undefined : callerAmong(others, fileOf(own))
  return caller === undefined || isOfHost(caller) ? null : caller.trim().replace(/^at /, '')
}

function callerAmong(frames: readonly string[], ownFile: string): string | undefined {
  const sources = /^.*\/(?:src|sources)\/(?=(?:runtime|operators|adapters|testing)\/)/.exec(ownFile)?.[0]
  if (sources !== undefined) return frames.find(isOutside(sources))
  const [, here = ''] = framesOf(new Error().stack)
  const isBundle = fileOf(here) === ownFile
  return (isBundle ? undefined : frames.find(isOutside(ownFile.slice(0, ownFile.lastIndexOf('/') + 1)))) ?? frames[0]
}

function isOutside(folder: string): (frame: string) => boolean {
  return (frame) => !fileOf(frame).startsWith(folder) && !isOfHost(frame)
}

/** A module of Node (`node:async_hooks`) or of Deno (`ext:deno_node/async_hooks.ts`). */
function isOfHost(frame: string): boolean {
  return /^(?:node|ext):/.test(fileOf(frame))
}

function framesOf(stack: string | undefined): string[] {
  return stack?.split('\n').slice(1) ?? []
}

/** `file:///app/main.ts` of `    at main (file:///app/main.ts:12:3)`. */
function fileOf(frame: string): string {
  return frame
    .slice(frame.lastIndexOf('(') + 1)
    .replace(/^ +at (?:async )?/, '')
    .replace(/:\d+:\d+\)?$/, '')
}
