/** The two stacks of an error: that of its thread, and that of the code that asked for the call. */

/** Adds the frames of the asker below those of the thread. */
export function addAsker(error: unknown, name: string, asker: string | undefined): void {
  const frames = asker?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  if (!(error instanceof Error) || frames.length < 2) return
  const stack = `${error.stack ?? `${error.name}: ${error.message}`}\n    --- ${name} was asked for: ---\n${frames.slice(1).join('\n')}`
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true })
}
