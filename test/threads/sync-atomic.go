// Performs programs of sync/atomic: a line is a kind, a first value, and operations with their operands; the result of each is printed.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

type box interface {
	do(op string, a, b uint64) string
}

type i32 struct{ v atomic.Int32 }
type u32 struct{ v atomic.Uint32 }
type i64 struct{ v atomic.Int64 }
type u64 struct{ v atomic.Uint64 }

type integer[N any] interface {
	Load() N
	Store(N)
	Add(N) N
	Swap(N) N
	CompareAndSwap(N, N) bool
	And(N) N
	Or(N) N
}

func do[N any](v integer[N], op string, a, b N) string {
	switch op {
	case "load":
		return fmt.Sprint(v.Load())
	case "store":
		v.Store(a)
		return "-"
	case "add":
		return fmt.Sprint(v.Add(a))
	case "swap":
		return fmt.Sprint(v.Swap(a))
	case "cas":
		return fmt.Sprint(v.CompareAndSwap(a, b))
	case "and":
		return fmt.Sprint(v.And(a))
	}
	return fmt.Sprint(v.Or(a))
}

// The operands are converted from 64 bits, so they wrap around.
func (x *i32) do(op string, a, b uint64) string { return do(&x.v, op, int32(a), int32(b)) }
func (x *u32) do(op string, a, b uint64) string { return do(&x.v, op, uint32(a), uint32(b)) }
func (x *i64) do(op string, a, b uint64) string { return do(&x.v, op, int64(a), int64(b)) }
func (x *u64) do(op string, a, b uint64) string { return do(&x.v, op, a, b) }

func parse(text string) uint64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return uint64(n)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func main() {
	boxes := map[string]func() box{
		"atomicInt32":  func() box { return &i32{} },
		"atomicUint32": func() box { return &u32{} },
		"atomicInt64":  func() box { return &i64{} },
		"atomicUint64": func() box { return &u64{} },
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		words := strings.Fields(in.Text())
		b := boxes[words[0]]()
		results := []string{}
		for _, word := range words[1:] {
			parts := strings.Split(word, ",")
			results = append(results, b.do(parts[0], parse(parts[1]), parse(parts[2])))
		}
		fmt.Println(strings.Join(results, " "))
	}
}
