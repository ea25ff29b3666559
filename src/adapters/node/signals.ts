/** The signals that ask a program to end: SIGINT and SIGTERM. */
import { constants } from 'node:os'
import { isatty } from 'node:tty'

/**
 * The signals that end `main`.
 * @inline
 */
type Signal = 'SIGINT' | 'SIGTERM'

/** The cause with which the context of `main` ends when the process receives this signal. */
export class SignalError extends Error {
  override readonly name = 'SignalError'
  constructor(readonly signal: Signal) {
    super(`${signal} received`)
  }
}

/** The exit status that shells use for a program that a signal ended: 130 for SIGINT, 143 for SIGTERM. */
export function statusAfter({ signal }: SignalError): number {
  return 128 + constants.signals[signal]
}

/** ms within which a terminal and a launcher may both deliver the same Ctrl-C. */
const ECHO = 200

/**
 * Calls `onFirst` for the first signal. A second signal, or a signal after `hasEnded`, ends the process at once.
 *
 * A terminal sends SIGINT to every process in its foreground, and launchers such as npm forward their SIGINT as well,
 * so a single Ctrl-C arrives twice. At a terminal a second SIGINT therefore counts only when that SIGINT is no echo of
 * the first.
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
  // Listeners for signals do not hold the process: a process that only listens ends.
  process.on('SIGINT', receive)
  process.on('SIGTERM', receive)
}
