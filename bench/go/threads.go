package main

import "sync"

// threadsTiny performs n tiny jobs on two goroutines, for 64 that each wait for their result.
func threadsTiny(n int) {
	type job struct {
		x      int
		result chan int
	}
	jobs := make(chan job)
	for i := 0; i < 2; i++ {
		go func() {
			for j := range jobs {
				j.result <- j.x + 1
			}
		}()
	}
	var callers sync.WaitGroup
	for i := 0; i < 64; i++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			result := make(chan int)
			for k := 0; k < n/64; k++ {
				jobs <- job{k, result}
				<-result
			}
		}()
	}
	callers.Wait()
	close(jobs)
}

// threadsNumbers sends n numbers from one goroutine to another, over a buffer of 65,536.
func threadsNumbers(n int) {
	numbers := make(chan float64, 65_536)
	go func() {
		for i := 0; i < n; i++ {
			numbers <- float64(i)
		}
		close(numbers)
	}()
	for range numbers {
	}
}
