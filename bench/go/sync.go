package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func spawned(i int, wg *sync.WaitGroup) {
	sink += i
	wg.Done()
}

func spawn(n int) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go spawned(i, &wg)
	}
	wg.Wait()
}

// parked measures a million goroutines that wait on one channel, in bytes each.
func parked() float64 {
	const n = 1_000_000
	memory := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	ch := make(chan int)
	before := memory()
	for i := 0; i < n; i++ {
		go func() { <-ch }()
	}
	time.Sleep(500 * time.Millisecond)
	return (memory() - before) / n
}

func mutex(n int) {
	var mu sync.Mutex
	for i := 0; i < n; i++ {
		mu.Lock()
		sink++
		mu.Unlock()
	}
}

// contend: 100 goroutines take the lock in turn, and give way while they hold it.
func contend(n int, lock, unlock func()) {
	var wg sync.WaitGroup
	for c := 0; c < 100; c++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < n/100; i++ {
				lock()
				sink++
				runtime.Gosched()
				unlock()
			}
		}()
	}
	wg.Wait()
}

func mutexContended(n int) {
	var mu sync.Mutex
	contend(n, mu.Lock, mu.Unlock)
}

// A buffered channel is the standard library's semaphore.
func semaphore(n int) {
	sem := make(chan struct{}, 10)
	for i := 0; i < n; i++ {
		sem <- struct{}{}
		sink++
		<-sem
	}
}

func semaphoreContended(n int) {
	sem := make(chan struct{}, 10)
	contend(n, func() { sem <- struct{}{} }, func() { <-sem })
}

// errgroup is the core of golang.org/x/sync/errgroup, with a limit of 10.
func errgroup(n int) {
	var wg sync.WaitGroup
	var once sync.Once
	_, cancel := context.WithCancel(context.Background())
	defer cancel()
	sem := make(chan struct{}, 10)
	run := func(f func() error) {
		sem <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-sem; wg.Done() }()
			if f() != nil {
				once.Do(cancel)
			}
		}()
	}
	for i := 0; i < n; i++ {
		i := i
		run(func() error { sink += i; return nil })
	}
	wg.Wait()
}

// rwMutex: ten goroutines, each tenth time writing, give way while they are in.
func rwMutex(n int) {
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var read atomic.Int64
	for c := 0; c < 10; c++ {
		wg.Add(1)
		go func(c int) {
			defer wg.Done()
			for i := 0; i < n/10; i++ {
				if (i+c)%10 == 0 {
					rw.Lock()
					sink++
					runtime.Gosched()
					rw.Unlock()
				} else {
					rw.RLock()
					read.Add(1)
					runtime.Gosched()
					rw.RUnlock()
				}
			}
		}(c)
	}
	wg.Wait()
}

type flight struct {
	wg    sync.WaitGroup
	value int
}

// singleflight is the core of golang.org/x/sync/singleflight, by hand: a hundred callers ask for one key at a time.
func singleflight(n int) {
	var mu sync.Mutex
	flights := map[string]*flight{}
	do := func(key string, f func() int) int {
		mu.Lock()
		if one, ok := flights[key]; ok {
			mu.Unlock()
			one.wg.Wait()
			return one.value
		}
		one := &flight{}
		one.wg.Add(1)
		flights[key] = one
		mu.Unlock()
		one.value = f()
		mu.Lock()
		delete(flights, key)
		mu.Unlock()
		one.wg.Done()
		return one.value
	}
	work := func() int {
		runtime.Gosched()
		return 1
	}
	var total atomic.Int64
	for i := 0; i < n/100; i++ {
		var wg sync.WaitGroup
		for c := 0; c < 100; c++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				total.Add(int64(do("key", work)))
			}()
		}
		wg.Wait()
	}
	sink += int(total.Load())
}

const contexts = 10 + 100 + 1_000 + 10_000 + 100_000

// contextTree makes ten children of each of ten of each of ten …, and cancels the root.
func contextTree(int) {
	root, cancel := context.WithCancel(context.Background())
	level := []context.Context{root}
	for depth := 0; depth < 5; depth++ {
		next := make([]context.Context, 0, 10*len(level))
		for _, parent := range level {
			for i := 0; i < 10; i++ {
				child, stop := context.WithCancel(parent)
				_ = stop // the root cancels them all
				next = append(next, child)
			}
		}
		level = next
	}
	cancel()
	if level[0].Err() == nil {
		panic("not cancelled")
	}
}
