// Package rollout brings hosts from what they hold to what they should hold. Compare computes the difference as a value;
// delivering executes exactly that value: everything is staged on every host before anything is committed on any. On
// top of that stand the rolling changes of single components, with a gate between every two steps.
package rollout
