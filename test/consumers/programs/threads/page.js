// A page: what it does with the document fails in a thread.
import { results } from './results.js'

document.title = 'threads'
const body = JSON.stringify(await results().catch((error) => String(error)))
await fetch('/results', { method: 'POST', body })
