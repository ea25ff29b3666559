/**
 * The URLs still to be fetched. Each is handed out once and settled once, so a run that is cut short knows what it leaves behind: those
 * under way, and those never begun. It holds no more URLs than are under way.
 */
export class Backlog implements AsyncIterableIterator<string> {
  readonly #urls: AsyncIterator<string>
  readonly #underWay = new Map<string, number>()

  constructor(urls: AsyncIterator<string>) {
    this.#urls = urls
  }

  // There is no `return()`: a pipeline that ends early leaves the rest to be read.
  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<string>> {
    const step = await this.#urls.next()
    if (!step.done) this.#count(step.value, 1)
    return step
  }

  settle(url: string): void {
    this.#count(url, -1)
  }

  /** Hands out again, and settles, what was handed out and not settled. */
  *underWay(): Generator<string, void> {
    for (const [url, times] of this.#underWay) {
      this.#underWay.delete(url)
      for (let i = 0; i < times; i++) yield url
    }
  }

  /** Those under way, and all that were never begun. */
  async *rest(): AsyncGenerator<string, void> {
    let step: IteratorResult<string>
    do {
      step = await this.next() // after a call of the pipeline that is still pending, as the calls of a generator queue
      yield* this.underWay()
    } while (!step.done)
  }

  #count(url: string, change: number): void {
    const times = (this.#underWay.get(url) ?? 0) + change
    if (times > 0) this.#underWay.set(url, times)
    else this.#underWay.delete(url)
  }
}
