/** Probes on top of each other: `setProbe` knows one. */
import { setProbe, type Probe } from '../../runtime/index.js'

/** From now on `probe` sees what happens, after the probe that is there already, if any. */
export function addProbe(probe: Probe): void {
  const before = setProbe(probe)
  if (before !== null) setProbe(both(before, probe))
}

/** Event by event, so that each is called as its own method; and all of them, as the type checks. */
function both(first: Probe, second: Probe): Required<Probe> {
  return {
    spawn(goroutine) {
      first.spawn?.(goroutine)
      second.spawn?.(goroutine)
    },
    park(goroutine, on) {
      first.park?.(goroutine, on)
      second.park?.(goroutine, on)
    },
    wake(goroutine) {
      first.wake?.(goroutine)
      second.wake?.(goroutine)
    },
    end(goroutine) {
      first.end?.(goroutine)
      second.end?.(goroutine)
    },
    cancel(goroutine) {
      first.cancel?.(goroutine)
      second.cancel?.(goroutine)
    },
    cancelContext(context) {
      first.cancelContext?.(context)
      second.cancelContext?.(context)
    },
    send(channel) {
      first.send?.(channel)
      second.send?.(channel)
    },
    receive(channel) {
      first.receive?.(channel)
      second.receive?.(channel)
    },
    close(channel) {
      first.close?.(channel)
      second.close?.(channel)
    },
    lock(lock) {
      first.lock?.(lock)
      second.lock?.(lock)
    },
    unlock(lock) {
      first.unlock?.(lock)
      second.unlock?.(lock)
    },
    make(operation) {
      first.make?.(operation)
      second.make?.(operation)
    },
  }
}
