/** Whether what nobody holds is collected: needs `--expose-gc`, which the configuration of the tests gives. */
import { settle } from './settle.js'

/** Of `n` things made by `make`, how many are left after a collection. A last one may still stand in a register or on the stack. */
export async function survivorsOf(n: number, make: (i: number) => object): Promise<number> {
  const refs: WeakRef<object>[] = []
  for (let i = 0; i < n; i++) refs.push(new WeakRef(make(i)))
  for (let round = 0; round < 3; round++) {
    await settle() // a WeakRef holds its thing until the turn in which it was looked at is over
    if (gc === undefined) throw new Error('no gc: run node with --expose-gc')
    gc()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}
