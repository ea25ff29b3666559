/** Methods of the runtime's classes replaced for the length of a test, to count their calls. */
export type Method = (this: object, ...args: unknown[]) => unknown
export type Methods = Record<PropertyKey, Method>

export function prototypeOf(thing: object): Methods {
  return Object.getPrototypeOf(thing) as Methods // of an instance: its class's methods
}

export class MethodSpies {
  private readonly _originals: (() => void)[] = []

  put(prototype: Methods, names: readonly PropertyKey[], make: (original: Method) => Method): void {
    for (const name of names) {
      const before = Object.getOwnPropertyDescriptor(prototype, name)
      if (before === undefined) throw new Error(`the runtime has no ${String(name)} where the test looks for it`)
      Object.defineProperty(prototype, name, { ...before, value: make(before.value as Method) }) // it is one
      this._originals.push(() => void Object.defineProperty(prototype, name, before))
    }
  }

  /** In reverse order: a spy may replace another spy. */
  restore(): void {
    for (const restore of this._originals.reverse()) restore()
    this._originals.length = 0
  }
}
