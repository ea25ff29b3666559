/** Goroutines that the program has elsewhere, in threads: what a dump of the whole program says of them. */
import { shared } from '../base/shared.js'

/** Each function returns the texts for the end of a report, in order. */
export const elsewhere = /* @__PURE__ */ shared('millrace.elsewhere.v1', () => new Set<() => Iterable<string>>())
