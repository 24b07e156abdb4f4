// Package plan is the list of steps that build and keep a cluster: their order, what each is for, and how it is done by
// hand. The command line is made from this list, and `up` runs it.
package plan
