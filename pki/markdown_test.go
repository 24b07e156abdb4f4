package pki

import (
	"strings"
	"testing"
)

func TestMarkdownTableHasOneLinePerKindOfLeaf(t *testing.T) {
	table := MarkdownTable(systemv())
	for _, name := range Names() {
		if n := strings.Count(table, "\n| `"+name+"` |"); n != 1 {
			t.Errorf("%s has %d lines, want 1", name, n)
		}
	}
	for _, want := range []string{
		"| `kubelet` | kubernetes | `CN=system:node:<node>, O=system:nodes` | clientAuth | none | `/etc/kubernetes/pki/kubelet.crt` |",
		"| `etcd-peer` | etcd | `CN=<node>` | serverAuth,clientAuth | `<node>`, `<alias>`, `<address>`, `localhost`, `127.0.0.1`, `::1` | `/etc/etcd/pki/peer.crt` |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(table)
	}
}
