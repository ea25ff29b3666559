/** Each timer prints when it fires; nothing else keeps the process alive. */
import { after, afterFunc, background, go, newTimer, sleep, ticker, withTimeout } from 'millrace'

go(function* () {
  yield* sleep(50)
  console.log('sleep')
  yield* after(50)
  console.log('after')
  yield* newTimer(50).fired()
  console.log('timer')
  const ticks = ticker(50)
  yield* ticks.receive()
  ticks.stop()
  console.log('ticker')
  afterFunc(withTimeout(background, 50), () => console.log('deadline'))
})
