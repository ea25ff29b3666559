/** The wait for a sender whose peer does not read. */
import { sleep } from 'millrace'

/** The number once it stands still: a sender waits for a peer that does not read. */
export async function standing(count: () => number): Promise<number> {
  let last = 0
  for (let looks = 0; looks < 10; looks = last > 0 && count() === last ? looks + 1 : 0) {
    last = count()
    await sleep(20)
  }
  return last
}
