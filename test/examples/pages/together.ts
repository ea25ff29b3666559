// The work is part of the page, which needs its document.
import { checks } from './checks.js'
import * as work from './work.js'

document.title = 'a page'
Object.assign(globalThis, { results: checks(work).catch((cause: unknown) => String(cause)) })
