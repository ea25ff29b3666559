// A page whose bundle is one file, which each thread evaluates too.
import { results } from './results.js'

if (typeof document !== 'undefined') {
  document.title = 'threads'
  const send = (value) => fetch('/results', { method: 'POST', body: JSON.stringify(value) })
  void results().then(send, (error) => send(String(error)))
}
