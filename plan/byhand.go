package plan

import "hardway/cluster"

func pkiByHand(string) func(*cluster.Spec) []Command          { return nil }
func renderByHand(string) func(*cluster.Spec) []Command       { return nil }
func kubeconfigByHand([]string) func(*cluster.Spec) []Command { return nil }
func encryptionByHand(*cluster.Spec) []Command                { return nil }
func diffByHand(*cluster.Spec) []Command                      { return nil }
func distributeByHand(*cluster.Spec) []Command                { return nil }
func applyEtcdByHand(*cluster.Spec) []Command                 { return nil }
func etcdVerifyByHand(*cluster.Spec) []Command                { return nil }
