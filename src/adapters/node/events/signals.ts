import { constants } from 'node:os'
import { Channel, mistyped } from '../../../runtime/internal.js'
import { ListeningReceiver, type EventReceiver } from './listening-receiver.js'

/** Signals that wait for a receiver. */
const BUFFER = 16

/**
 * The signals that the process receives, by name, as a receiver: SIGHUP to load a configuration again, SIGUSR1, SIGTERM
 * in a program without `main`. While the receiver listens, these signals do not have their usual effect. The buffer
 * takes 16 signals; further ones are dropped, as Go does. A receiver of signals does not keep the process alive.
 *
 * A receive waits for the next signal, and may be a case of `select`. `stop()` and `using` end the receiver; a receive
 * then results in none. Throws TypeError without a name, or for a name that is none; the error of Node for a signal
 * that cannot be caught (SIGKILL). Source: Go's `signal.Notify`.
 *
 * @example
 * ```ts
 * using reloads = signals('SIGHUP')
 * process.kill(process.pid, 'SIGHUP')
 * const message = yield* reloads.receive()
 * if (message._tag === 'Some') console.log(message.value) // SIGHUP
 * ```
 */
export function signals<S extends `SIG${string}`>(...names: readonly S[]): EventReceiver<S> {
  if (names.length === 0) throw mistyped('signals(...names)', 'the name of a signal, such as "SIGHUP"', undefined)
  for (const name of names)
    if (!Object.hasOwn(constants.signals, name)) throw mistyped('signals(...names)', 'the name of a signal, such as "SIGHUP"', name)
  return new ListeningReceiver<S>(new Channel<S>(BUFFER, 'newest'), (receiver) => {
    const listener = (name: string): void => void receiver.accept(name as S) // it listens to these only
    for (const name of names) process.on(name, listener)
    return () => {
      for (const name of names) process.off(name, listener)
    }
  })
}
