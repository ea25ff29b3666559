// The work is a file of its own, by its import().
import { checks } from './checks.js'

if (typeof document !== 'undefined') {
  const work = await import('./work.js')
  Object.assign(globalThis, { results: checks(work).catch((cause: unknown) => String(cause)) })
}
