// The work is part of the page, which needs its document.
import { checks, report } from './checks.js'
import * as work from './work.js'

document.title = 'a page'
void report(checks(work))
