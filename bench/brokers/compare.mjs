// What the comparisons of the brokers share: rounds in turns, and the lines of their figures.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { median } from '../report.mjs'

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Prints the figures of the contenders of each row, measured in turns; the first of a row is the one beside which the others stand. */
export async function printed({ rows, only, rounds, messagesOf, measured }) {
  for (const [row, names] of Object.entries(rows)) {
    if (only !== undefined && !only.split(',').includes(row)) continue
    const figures = new Map(names.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++)
      for (const name of names) figures.get(name).push(await measured(row, name, messagesOf(row)))
    console.log(`\n${row}, ${messagesOf(row)} messages`)
    for (const name of names) console.log(`  ${name.padEnd(22)} ${lineOf(figures, name, names[0])}`)
  }
}

function lineOf(figures, name, first) {
  const of = (one, what) => figures.get(one).map((figure) => figure[what])
  const spread = (all) => `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`
  const ratio = (what) => median(of(name, what).map((us, i) => of(first, what)[i] / us)).toFixed(2)
  const [cpu, wall] = [spread(of(name, 'cpu')).padEnd(24), spread(of(name, 'wall')).padEnd(26)]
  return `processor ${cpu} time ${wall} ${ratio('cpu')} and ${ratio('wall')} times "${first}"`
}
