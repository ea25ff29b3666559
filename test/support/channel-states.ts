/** The possible states of a channel, and tables of the operations performed in each. */
export const STATES = [
  'unbuffered',
  'unbuffered, receivers wait',
  'unbuffered, senders wait',
  'unbuffered, one select waits both ways',
  'empty',
  'empty, receivers wait',
  'partly full',
  'full',
  'full, senders wait',
  'full, loses the oldest',
  'full, loses the newest',
  'over full (a value was given back)',
  'over full, senders wait',
  'closed with values',
  'closed and drained',
] as const
export type State = (typeof STATES)[number]

/** The observable state of a channel. */
export interface Look {
  readonly capacity: number
  readonly loses: 'oldest' | 'newest' | null
  readonly size: number
  readonly receiversWait: boolean
  readonly sendersWait: boolean
  readonly closed: boolean
}

export function stateOf({ capacity, loses, size, receiversWait, sendersWait, closed }: Look): State {
  if (closed) return size > 0 ? 'closed with values' : 'closed and drained'
  if (size > capacity) return sendersWait ? 'over full, senders wait' : 'over full (a value was given back)'
  if (capacity === 0) {
    if (receiversWait) return sendersWait ? 'unbuffered, one select waits both ways' : 'unbuffered, receivers wait'
    return sendersWait ? 'unbuffered, senders wait' : 'unbuffered'
  }
  if (size === 0) return receiversWait ? 'empty, receivers wait' : 'empty'
  if (size < capacity) return 'partly full'
  if (loses !== null) return `full, loses the ${loses}`
  return sendersWait ? 'full, senders wait' : 'full'
}

/** The number of performances of each operation in each state. */
export class Counts<O extends string> {
  private readonly _counts = new Map<O, Map<State, number>>()

  constructor(
    private readonly operations: readonly O[],
    private readonly isReachable: (operation: O, state: State) => boolean,
  ) {}

  add(operation: O, state: State): void {
    let row = this._counts.get(operation)
    if (row === undefined) this._counts.set(operation, (row = new Map<State, number>()))
    row.set(state, (row.get(state) ?? 0) + 1)
  }

  of(operation: O, state: State): number {
    return this._counts.get(operation)?.get(state) ?? 0
  }

  /** Reachable pairs that never occurred. */
  get missing(): string[] {
    return this._pairs((operation, state) => this.isReachable(operation, state) && this.of(operation, state) === 0)
  }

  /** Unreachable pairs that occurred. */
  get unexpected(): string[] {
    return this._pairs((operation, state) => !this.isReachable(operation, state) && this.of(operation, state) > 0)
  }

  /** One line for each operation, one column for each state. */
  toString(): string {
    const letters = STATES.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i))
    const legend = STATES.map((state, i) => `  ${letters[i]}  ${state}`)
    const cell = (operation: O, state: State) => (this.isReachable(operation, state) ? String(this.of(operation, state)) : '-')
    const rows = this.operations.map((operation) => {
      return line(operation, STATES.map((state) => cell(operation, state))) // prettier-ignore
    })
    return ['operation × state of the channel, times performed:', ...legend, line('', letters), ...rows].join('\n')
  }

  private _pairs(are: (operation: O, state: State) => boolean): string[] {
    return this.operations.flatMap((operation) => STATES.filter((state) => are(operation, state)).map((state) => `${operation} × ${state}`))
  }
}

function line(name: string, cells: readonly string[]): string {
  return name.padEnd(42) + cells.map((cell) => cell.padStart(8)).join('')
}
