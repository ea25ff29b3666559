// Page and work are one file, which each thread evaluates, too: what needs the document is behind a question.
import { checks } from './checks.js'
import * as work from './work.js'

if (typeof document !== 'undefined') Object.assign(globalThis, { results: checks(work).catch((cause: unknown) => String(cause)) })
