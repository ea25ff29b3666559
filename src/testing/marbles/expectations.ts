/** What a marble test expects: each is begun by an `expect…`, said by a `toBe`, and judged when all is over. */

/** What was expected of observables or subscriptions was not what was seen. */
export class MarbleError extends Error {
  override readonly name = 'MarbleError'
}

export class Expectations {
  private readonly _all: Expectation[] = []

  begin(what: string, caller: Caller): Expectation {
    const expectation = new Expectation(what, stackAbove(caller))
    this._all.push(expectation)
    return expectation
  }

  /** Throws where some do not hold: with each of them, and from the place of the first. */
  judge(): void {
    const wrong = this._all.flatMap((one) => {
      const verdict = one.verdict()
      return verdict === null ? [] : [{ verdict, place: one.place }]
    })
    if (wrong.length === 0) return
    const error = new MarbleError(wrong.map(({ verdict }) => verdict).join('\n\n'))
    error.stack = `${error.name}: ${error.message}\n${wrong[0].place}`
    throw error
  }
}

/** One of them; `place` is where the test says it: a stack. */
class Expectation {
  private _title: string | null = null
  private _differs: () => string | null = () => null

  constructor(
    private readonly _what: string,
    public place: string,
  ) {}

  is(title: string, differs: () => string | null, caller: Caller): void {
    if (this._title !== null) throw new Error(`${title}: what is expected here was said already: ${this._title}`)
    this._title = title
    this._differs = differs
    this.place = stackAbove(caller)
  }

  /** What is wrong when all is over; null where nothing is. */
  verdict(): string | null {
    if (this._title === null) return `${this._what}: nothing is expected of it; call toBe(marbles)`
    const differs = this._differs()
    return differs === null ? null : `${this._title}: this is not what was seen\n${differs}`
  }
}

export type Caller = (...args: never[]) => unknown

/** The lines of the stack above a function of the test kit; where the engine cannot tell, those of all. */
function stackAbove(caller: Caller): string {
  const holder = new Error()
  Error.captureStackTrace?.(holder, caller) // not every engine has it, whatever the types say
  return (holder.stack ?? '').replace(/^Error\n/, '')
}
