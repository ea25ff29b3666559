/** The page: a search box, and a live list. Both are pipelines under the context of the page. */
import { background, withCancel } from 'millrace'
import { run } from 'millrace/operators'
import { live } from './live.js'
import { search } from './search.js'

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement // each id is in index.html

const ctx = withCancel(background)
addEventListener('pagehide', () => ctx.cancel())

run(ctx, search(element('query') as HTMLInputElement, element('results'), element('status'))) // an input in index.html
run(ctx, live(ctx, new URL('/live', location.href.replace('http', 'ws')), element('live')))
