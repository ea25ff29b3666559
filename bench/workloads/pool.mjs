// Five workers over an unbuffered channel of trivial jobs: with an unbuffered channel of results, as Go programs
// usually have it, and with the results summed by the workers.
import { GenChan, PromiseChan, NONE, CLOSED, spawn, drain } from '../floors.mjs'

const five = [0, 1, 2, 3, 4]

const withResults = {
  name: 'pool',
  title: 'pool of 5 workers, channels of jobs and of results, a job',
  unit: 'ns',
  n: 200_000,
  targets: [['ours', 'go', 0.3]],
  ours: {
    ours({ go, chan, range, waitGroup }) {
      function* worker(jobs, results) {
        for (const it = range(jobs); yield* it.next();) yield* results.send(it.value + 1)
      }
      function* feed(jobs, n) {
        for (let i = 0; i < n; i++) yield* jobs.send(i)
        jobs.close()
      }
      function* finish(wg, results) {
        yield* wg.wait()
        results.close()
      }
      function* all(n) {
        const jobs = chan()
        const results = chan()
        const wg = waitGroup()
        for (const _ of five) wg.go(worker, jobs, results)
        go(feed, jobs, n)
        go(finish, wg, results)
        let sum = 0
        for (const it = range(results); yield* it.next();) sum += it.value
        check(sum, n)
      }
      return (n) => go(all, n).join()
    },
    'ours (workers())'({ go, chan, range, workers }) {
      const job = (i) => i + 1
      function* feed(jobs, n) {
        for (let i = 0; i < n; i++) yield* jobs.send(i)
        jobs.close()
      }
      function* all(n) {
        const jobs = chan()
        go(feed, jobs, n)
        let sum = 0
        for (const it = range(workers(5, jobs, job)); yield* it.next();) sum += it.value
        check(sum, n)
      }
      return (n) => go(all, n).join()
    },
  },
  floors: {
    gen() {
      function* worker(jobs, results, group) {
        for (;;) {
          let v = jobs.tryReceive()
          if (v === NONE) v = yield jobs.park()
          if (v === CLOSED) break
          if (!results.trySend(v + 1)) yield results.parkSend(v + 1)
        }
        if (--group.left === 0) results.close()
      }
      function* feed(jobs, n) {
        for (let i = 0; i < n; i++) if (!jobs.trySend(i)) yield jobs.parkSend(i)
        jobs.close()
      }
      function* all(n) {
        const jobs = new GenChan()
        const results = new GenChan()
        const group = { left: 5 }
        for (const _ of five) spawn(worker(jobs, results, group))
        spawn(feed(jobs, n))
        let sum = 0
        for (;;) {
          let v = results.tryReceive()
          if (v === NONE) v = yield results.park()
          if (v === CLOSED) break
          sum += v
        }
        check(sum, n)
      }
      return (n) => {
        spawn(all(n))
        drain()
      }
    },
    promise: () =>
      poolWith(
        () => new PromiseChan(),
        (ch, v) => ch.send(v),
        (ch) => ch.receive(),
        (ch) => ch.close(),
      ),
  },
  peers: {
    async '@thi.ng/csp'(peer) {
      const { channel } = await peer('@thi.ng/csp')
      return poolWith(
        channel,
        (ch, v) => ch.write(v),
        (ch) => ch.read(),
        (ch) => ch.close(),
      )
    },
    async medium(peer) {
      const { chan, put, take, close, CLOSED: closed } = await peer('medium')
      return poolWith(chan, put, take, close, closed)
    },
    async 'ts-chan (unsafe)'(peer) {
      const { Chan } = await peer('ts-chan')
      return poolWith(
        () => new Chan().setUnsafe(true),
        (ch, v) => ch.send(v),
        async (ch) => (await ch.recv()).value,
        (ch) => ch.close(),
      )
    },
  },
}

const summed = {
  name: 'pool-sum',
  title: 'pool of 5 workers, a channel of jobs, a job',
  unit: 'ns',
  n: 200_000,
  ours: {
    ours({ go, chan, range, waitGroup }) {
      function* worker(jobs, out) {
        for (const it = range(jobs); yield* it.next();) out.sum += it.value + 1
      }
      function* all(n) {
        const jobs = chan()
        const out = { sum: 0 }
        const wg = waitGroup()
        for (const _ of five) wg.go(worker, jobs, out)
        for (let i = 0; i < n; i++) yield* jobs.send(i)
        jobs.close()
        yield* wg.wait()
        check(out.sum, n)
      }
      return (n) => go(all, n).join()
    },
  },
  floors: {
    gen() {
      function* worker(jobs, out) {
        for (;;) {
          let v = jobs.tryReceive()
          if (v === NONE) v = yield jobs.park()
          if (v === CLOSED) return
          out.sum += v + 1
        }
      }
      function* all(n, out) {
        const jobs = new GenChan()
        for (const _ of five) spawn(worker(jobs, out))
        for (let i = 0; i < n; i++) if (!jobs.trySend(i)) yield jobs.parkSend(i)
        jobs.close()
      }
      return (n) => {
        const out = { sum: 0 }
        spawn(all(n, out))
        drain()
        check(out.sum, n)
      }
    },
    'five async loops'() {
      async function loop(source, out) {
        for (const v of source) {
          const r = await job(v) // `out.sum += await …` would read the sum before it waits
          out.sum += r
        }
      }
      const job = async (v) => v + 1
      return async (n) => {
        const source = numbers(n)
        const out = { sum: 0 }
        await Promise.all(five.map(() => loop(source, out)))
        check(out.sum, n)
      }
    },
  },
  peers: {
    async '@thi.ng/csp'(peer) {
      const { channel } = await peer('@thi.ng/csp')
      return summedWith(
        channel,
        (ch, v) => ch.write(v),
        (ch) => ch.read(),
        (ch) => ch.close(),
      )
    },
    async medium(peer) {
      const { chan, put, take, close, CLOSED: closed } = await peer('medium')
      return summedWith(chan, put, take, close, closed)
    },
    async 'async-sema'(peer) {
      const { Sema } = await peer('async-sema')
      const job = async (v) => v + 1
      return async (n) => {
        const sema = new Sema(5)
        let sum = 0
        const run = async (i) => {
          const r = await job(i)
          sum += r
          sema.release()
        }
        for (let i = 0; i < n; i++) {
          await sema.acquire()
          void run(i)
        }
        await sema.drain()
        check(sum, n)
      }
    },
  },
}

export const workloads = [withResults, summed]

function poolWith(make, send, receive, close, closed = undefined) {
  async function worker(jobs, results) {
    for (let v = await receive(jobs); v !== closed; v = await receive(jobs)) await send(results, v + 1)
  }
  async function feed(jobs, n) {
    for (let i = 0; i < n; i++) await send(jobs, i)
    close(jobs)
  }
  return async (n) => {
    const jobs = make()
    const results = make()
    void Promise.all(five.map(() => worker(jobs, results))).then(() => void close(results))
    void feed(jobs, n)
    let sum = 0
    for (let v = await receive(results); v !== closed; v = await receive(results)) sum += v
    check(sum, n)
  }
}

function summedWith(make, send, receive, close, closed = undefined) {
  async function worker(jobs, out) {
    for (let v = await receive(jobs); v !== closed; v = await receive(jobs)) out.sum += v + 1
  }
  return async (n) => {
    const jobs = make()
    const out = { sum: 0 }
    const workers = five.map(() => worker(jobs, out))
    for (let i = 0; i < n; i++) await send(jobs, i)
    close(jobs)
    await Promise.all(workers)
    check(out.sum, n)
  }
}

function* numbers(n) {
  for (let i = 0; i < n; i++) yield i
}

function check(sum, n) {
  if (sum !== (n * (n + 1)) / 2) throw new Error(`a job was lost: ${sum}`)
}
