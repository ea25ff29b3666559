// The work is a file of its own, by its import().
import { checks, report } from './checks.js'

if (typeof document !== 'undefined') {
  const work = await import('./work.js')
  void report(checks(work))
}
