/** The signals that ask a program to end. */
import { constants } from 'node:os'
import { isatty } from 'node:tty'

type Signal = 'SIGINT' | 'SIGTERM'

/** Why the context of `main` ended: the process was sent this signal. */
export class SignalError extends Error {
  override readonly name = 'SignalError'
  constructor(readonly signal: Signal) {
    super(`${signal} received`)
  }
}

/** The status by which a shell tells of a program that a signal ended: 130 for SIGINT, 143 for SIGTERM. */
export function statusAfter({ signal }: SignalError): number {
  return 128 + constants.signals[signal]
}

/** ms in which a terminal and a launcher may both deliver one Ctrl-C. */
const ECHO = 200

/**
 * Calls `onFirst` for the first signal, which asks; one that comes after, or once `hasEnded`, ends the process at once.
 *
 * A terminal sends SIGINT to all processes in its foreground, and launchers such as npm forward theirs on top: one Ctrl-C arrives twice. So at
 * a terminal a second SIGINT counts only when it is no echo of the first.
 */
export function watchSignals(onFirst: (error: SignalError) => void, hasEnded: () => boolean): void {
  let firstInterrupt = -Infinity
  const receive = (signal: Signal): void => {
    const time = performance.now()
    if (signal === 'SIGINT' && time - firstInterrupt < ECHO && [0, 1, 2].some((descriptor) => isatty(descriptor))) return
    if (signal === 'SIGINT') firstInterrupt = time
    const error = new SignalError(signal)
    if (hasEnded()) process.exit(statusAfter(error))
    onFirst(error)
  }
  // They hold nothing: a process that only listens for signals ends.
  process.on('SIGINT', receive)
  process.on('SIGTERM', receive)
}
