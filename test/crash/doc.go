// Package crash proves that a run which ended anywhere can be run again: it kills hardway at every single change that it
// makes, cuts its connections after every single packet, runs it once more, and looks at what stands there before and
// after.
//
// A run can only end badly between two changes, or within one that the kernel makes whole. So it is enough to kill it at
// the entry of each call that changes something outside of its own memory: a kill at a call that only reads, or in the
// middle of a computation, leaves what a kill at the next changing call leaves. What changes files is in the table of
// package trace; what goes out on a connection is counted with it, because it changes hosts.
//
// `strace --inject=…:signal=KILL:when=N` counts per thread and per kind of call. Go moves goroutines between threads, so
// the same N is another point in every run, and points late in the run are never reached. Package trace counts all
// threads and all calls together.
//
// A point that failed is tried again with -from and -to; runs differ, so some points around it with it.
//
// Nothing of this is known to the product: it is the program that people run, under a tracer, against hosts of the lab
// whose SSH server counts packets.
package crash
