// The workloads of ../workloads in Go, standard library only.
//
//	bench NAME REPETITIONS MILLISECONDS wall|cpu
//
// warms up, then prints {"reps":[…]}: nanoseconds per operation, one figure for each repetition of at
// least so many milliseconds (`parked` prints bytes for each goroutine, `sieve` nanoseconds for the whole).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A workload does n operations at each call of run.
type workload struct {
	n   int
	run func(n int)
}

var workloads = map[string]workload{
	"pingpong":     {100_000, pingpong},
	"pipe":         {200_000, pipe(0)},
	"pipe128":      {500_000, pipe(128)},
	"many":         {200_000, many},
	"select2":      {100_000, select2()},
	"select8":      {50_000, select8()},
	"select64":     {10_000, select64()},
	"select-park":  {100_000, selectPark},
	"sieve":        {1, sieve},
	"ring":         {200_000, ring},
	"waiters10":    {100_000, waiters(10)},
	"waiters100k":  {100_000, waiters(100_000)},
	"leave10":      {100_000, leave(10)},
	"leave100k":    {100_000, leave(100_000)},
	"spawn10k":     {10_000, spawn},
	"spawn100k":    {100_000, spawn},
	"spawn1M":      {1_000_000, spawn},
	"pool":         {200_000, pool},
	"pool-sum":     {200_000, poolSum},
	"pipeline":     {200_000, pipeline},
	"mutex":        {1_000_000, mutex},
	"mutex100":     {100_000, mutexContended},
	"semaphore":    {500_000, semaphore},
	"semaphore100": {100_000, semaphoreContended},
	"errgroup":     {100_000, errgroup},
	"rwmutex":      {100_000, rwMutex},
	"singleflight": {100_000, singleflight},
	"workers":      {1_000_000, pool},
	"context":      {contexts, contextTree},

	"threads-tiny":    {128_000, threadsTiny},
	"threads-numbers": {1_000_000, threadsNumbers},
}

var sink int

// clock is wall time, or what the process was given of the processors.
var clock = func() time.Duration { return time.Since(begin) }

var begin = time.Now()

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func main() {
	name := os.Args[1]
	reps, _ := strconv.Atoi(os.Args[2])
	ms, _ := strconv.Atoi(os.Args[3])
	least := time.Duration(ms) * time.Millisecond
	if len(os.Args) > 4 && os.Args[4] == "cpu" {
		clock = cpuTime
	}
	w, ok := workloads[name]
	switch {
	case name == "parked":
		report(1, parked)
	case !ok:
		fmt.Fprintln(os.Stderr, "no such workload:", name)
		os.Exit(2)
	default:
		if strings.HasPrefix(name, "spawn") {
			spawn(100_000)
		}
		perOp(w, least)
		report(reps, func() float64 { return perOp(w, least) })
	}
}

func perOp(w workload, least time.Duration) float64 {
	ops, start := 0, clock()
	for clock()-start < least {
		w.run(w.n)
		ops += w.n
	}
	return float64((clock() - start).Nanoseconds()) / float64(ops)
}

func report(reps int, measure func() float64) {
	out := []float64{}
	for i := 0; i < reps; i++ {
		runtime.GC()
		out = append(out, measure())
	}
	b, _ := json.Marshal(map[string][]float64{"reps": out})
	fmt.Println(string(b))
}
