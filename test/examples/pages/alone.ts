// Page and work are one file, which each thread evaluates, too: what needs the document is behind a question.
import { checks, report } from './checks.js'
import * as work from './work.js'

if (typeof document !== 'undefined') void report(checks(work))
