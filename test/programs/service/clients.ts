/** Clients of the service. Some leave before the response, some are in a hurry. */
import { Agent, get } from 'node:http'
import { mapConcurrent } from 'millrace'
import { Random } from '../../../src/runtime/base/random.js'

const IN_FLIGHT = 32

/** How many requests ended in which way: with a status, or `left`. */
export type Tally = Record<string, number>

export class Clients {
  private readonly _random: Random
  private readonly _agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT })
  private _sent = 0

  constructor(
    private readonly _origin: string,
    seed: number,
  ) {
    this._random = new Random(seed)
  }

  /** Sends requests, a hundred at a time, and checks that each response is about the order that was asked for. */
  async send(requests: number): Promise<Tally> {
    const tally: Tally = {}
    await mapConcurrent(Array(requests).keys(), IN_FLIGHT, async () => {
      const outcome = await this._order(String(this._sent++))
      tally[outcome] = (tally[outcome] ?? 0) + 1
    })
    return tally
  }

  close(): void {
    this._agent.destroy()
  }

  private _order(id: string): Promise<string> {
    const kind = this._random.below(100)
    const patience = kind < 20 ? this._random.below(40) : null // ms
    const headers = kind >= 90 ? { 'x-deadline': String(1 + this._random.below(20)) } : {}
    return new Promise((resolve, reject) => {
      const request = get(`${this._origin}/orders/${id}`, { agent: this._agent, headers }, (response) => {
        let text = ''
        response.on('data', (part: Buffer) => (text += part.toString()))
        response.on('end', () => {
          clearTimeout(leaving)
          const isAboutIt = (JSON.parse(text) as { id: string }).id === id
          resolve(isAboutIt ? String(response.statusCode) : `about another order: ${text}`)
        })
        response.on('error', () => resolve('left'))
      })
      const leaving = patience === null ? undefined : setTimeout(() => request.destroy(new Error('left')), patience)
      request.on('error', (error) => (error.message === 'left' ? resolve('left') : reject(error)))
    })
  }
}
