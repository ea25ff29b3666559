// RxJS 9, whose Observable is that of the platform, beside Millrace: both ways, with the pace stated.
import { background, chan } from 'millrace'
import { collect, fromIterable, toReceiver, workerPool } from 'millrace/operators'
import { valuesOf } from 'millrace/web'
import { fromObservable } from 'millrace/web/operators'
import { ColdObservable, Subject } from 'rxjs-9'
import { map } from 'rxjs-9/map'

const { Observable } = globalThis // RxJS 9 adds it where the host has none
const buffer = { capacity: 16, policy: 'error' }
let left = 0
const numbers = new ColdObservable((subscriber) => {
  subscriber.addTeardown(() => left++)
  for (let n = 1; n <= 3; n++) subscriber.next(n)
  subscriber.complete()
})

// in: a stage of Millrace over an Observable of RxJS 9
const doubled = fromObservable(
  numbers[map]((n) => n * 2),
  buffer,
).pipe(workerPool(2, async (n) => n + 1, { ordered: true }))
console.log('source', await collect(background, doubled).join(), left)

// in: a receiver, which is left
const subject = new Subject()
const values = valuesOf(subject, buffer)
subject.next('a')
console.log('receiver', await values.receive())
values.cancel()
subject.next('b')
console.log('left', (await values.receive().attempt()).left.name)

// out: a pipeline, as a receiver
const upper = fromIterable('abc').pipe(workerPool(2, async (letter) => letter.toUpperCase(), { ordered: true }))
console.log('out', await Observable.from(toReceiver(upper, { capacity: 0 })).toArray())

// out: an observer that leaves takes nothing more
const [letters, leaving] = [chan(), new AbortController()]
Observable.from(letters).subscribe({ next: () => leaving.abort() }, { signal: leaving.signal })
await letters.send('a')
console.log('out, left', letters.trySend('b'))
