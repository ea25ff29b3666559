package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func pingpong(n int) {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v
		}
	}()
	for i := 0; i < n; i++ {
		ping <- i
		sink = <-pong
	}
	close(ping)
}

func produce(ch chan<- int, n int) {
	for i := 0; i < n; i++ {
		ch <- i
	}
	close(ch)
}

func pipe(capacity int) func(int) {
	return func(n int) {
		ch := make(chan int, capacity)
		go produce(ch, n)
		for v := range ch {
			sink += v
		}
	}
}

func many(n int) {
	ch := make(chan int, 16)
	var producers, consumers sync.WaitGroup
	var total int64
	for p := 0; p < 4; p++ {
		producers.Add(1)
		consumers.Add(1)
		go func() {
			defer producers.Done()
			for i := 0; i < n/4; i++ {
				ch <- i
			}
		}()
		go func() {
			defer consumers.Done()
			sum := 0
			for v := range ch {
				sum += v
			}
			atomic.AddInt64(&total, int64(sum))
		}()
	}
	producers.Wait()
	close(ch)
	consumers.Wait()
}

// sieve finds 1,000 primes; closing the source then ends what is left of the chain.
func sieve(int) {
	numbers := make(chan int)
	var stop atomic.Bool
	go func() {
		for i := 2; !stop.Load(); i++ {
			numbers <- i
		}
		close(numbers)
	}()
	ch := numbers
	for i := 0; i < 1000; i++ {
		prime := <-ch
		next := make(chan int)
		go func(in <-chan int, out chan<- int) {
			for v := range in {
				if v%prime != 0 {
					out <- v
				}
			}
			close(out)
		}(ch, next)
		ch = next
	}
	stop.Store(true)
	for v := range ch {
		sink = v
	}
}

func hop(in <-chan int, out chan<- int, done chan<- struct{}) {
	for v := range in {
		if v == 0 {
			close(done)
			break
		}
		out <- v - 1
	}
	close(out)
}

// ring sends a token round 1,000 goroutines until it has made n hops.
func ring(n int) {
	const nodes = 1000
	done := make(chan struct{})
	first := make(chan int)
	in := first
	for i := 1; i < nodes; i++ {
		out := make(chan int)
		go hop(in, out, done)
		in = out
	}
	go hop(in, first, done)
	first <- n
	<-done
}

// pool: five workers between an unbuffered channel of trivial jobs and one of results.
func pool(n int) {
	jobs, results := make(chan int), make(chan int)
	var wg sync.WaitGroup
	for w := 0; w < 5; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				results <- j + 1
			}
		}()
	}
	go produce(jobs, n)
	go func() {
		wg.Wait()
		close(results)
	}()
	for r := range results {
		sink += r
	}
}

// poolSum: the workers sum up.
func poolSum(n int) {
	jobs := make(chan int)
	var wg sync.WaitGroup
	var total int64
	for w := 0; w < 5; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			sum := 0
			for j := range jobs {
				sum += j + 1
			}
			atomic.AddInt64(&total, int64(sum))
		}()
	}
	produce(jobs, n)
	wg.Wait()
}

func stage(in <-chan int, f func(int) (int, bool)) <-chan int {
	out := make(chan int, 128)
	go func() {
		for v := range in {
			if r, ok := f(v); ok {
				out <- r
			}
		}
		close(out)
	}()
	return out
}

func pipeline(n int) {
	source := make(chan int, 128)
	go produce(source, n)
	plus := stage(source, func(v int) (int, bool) { return v + 1, true })
	even := stage(plus, func(v int) (int, bool) { return v, v%2 == 0 })
	twice := stage(even, func(v int) (int, bool) { return v * 2, true })
	for v := range twice {
		sink += v
	}
}

// waiters: count goroutines wait on one channel; each of n sends wakes the first, which waits again at the end.
func waiters(count int) func(int) {
	ch := make(chan int)
	setup := once(func() {
		for i := 0; i < count; i++ {
			go func() {
				for v := range ch {
					sink += v
				}
			}()
		}
		time.Sleep(50 * time.Millisecond)
	})
	return func(n int) {
		setup()
		for i := 0; i < n; i++ {
			ch <- i
			runtime.Gosched()
		}
	}
}

// leave: count goroutines wait on one channel; each of n selects waits there too, is served by another channel, and leaves.
func leave(count int) func(int) {
	quiet := make(chan int)
	setup := once(func() {
		for i := 0; i < count; i++ {
			go func() { <-quiet }()
		}
		time.Sleep(50 * time.Millisecond)
	})
	return func(n int) {
		setup()
		busy, ack := make(chan int), make(chan int)
		go func() {
			for i := 0; i < n; i++ {
				busy <- i
				<-ack
			}
		}()
		for i := 0; i < n; i++ {
			select {
			case v := <-busy:
				sink += v
			case <-quiet:
			}
			ack <- i
		}
	}
}

func once(f func()) func() {
	var o sync.Once
	return func() { o.Do(f) }
}
