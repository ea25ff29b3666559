/**
 * The expectations of a marble test: begun by an `expect…` call, completed by `toBe`, judged at the end of the test.
 */

/** The events or subscriptions seen differ from those expected. */
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

  /** Throws a MarbleError that lists all differences, with the stack of the first expectation. */
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

/** `place` is the stack of the line in the test. */
class Expectation {
  private _title: string | null = null
  private _differs: () => string | null = () => null

  constructor(
    private readonly _what: string,
    public place: string,
  ) {}

  is(title: string, differs: () => string | null, caller: Caller): void {
    if (this._title !== null)
      throw new Error(
        `${title}: this expectation is complete already: ${this._title}; call expectObservable(…) or expectSubscriptions(…) again`,
      )
    this._title = title
    this._differs = differs
    this.place = stackAbove(caller)
  }

  /** The difference, in words; null where there is none. */
  verdict(): string | null {
    if (this._title === null) return `${this._what}: the expectation is incomplete; call toBe(marbles)`
    const differs = this._differs()
    return differs === null ? null : `${this._title}: the test saw something else\n${differs}`
  }
}

export type Caller = (...args: never[]) => unknown

/** The stack above a function of the test kit; the whole stack where the engine cannot cut a stack. */
function stackAbove(caller: Caller): string {
  const holder = new Error()
  Error.captureStackTrace?.(holder, caller) // missing in some engines, despite its type
  return (holder.stack ?? '').replace(/^Error\n/, '')
}
