/**
 * Hooks of one kind, in the order in which they were set.
 *
 * Always true: a hook is removed by the function that `add` returned and by nothing else, so hooks may be removed in
 * any order.
 */
export class Hooks<H> {
  private _entries: readonly { readonly hook: H }[] = []

  /** Returns a function that removes the hook; a second call changes nothing. */
  add(hook: H): () => void {
    const entry = { hook }
    this._entries = [...this._entries, entry]
    return () => {
      this._entries = this._entries.filter((other) => other !== entry)
    }
  }

  /** In the order in which they were set. */
  get all(): readonly H[] {
    return this._entries.map(({ hook }) => hook)
  }

  /** The hook that was set last; undefined where there is none. */
  get last(): H | undefined {
    return this._entries[this._entries.length - 1]?.hook
  }
}
