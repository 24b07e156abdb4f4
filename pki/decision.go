package pki

import (
	"crypto/x509"
	"time"
)

// Action is what a decision does with its file.
type Action string

// The actions.
const (
	// Keep: it is right as it stands.
	Keep Action = "keep"
	// Issue: there is none yet.
	Issue Action = "issue"
	// Reissue: one stands there and is no longer right.
	Reissue Action = "reissue"
	// Write: it follows from other files: a bundle, a public key, a certificate that was brought.
	Write Action = "write"
	// Ask: a signing request is written, because the authority's key is kept elsewhere.
	Ask Action = "request"
)

// Decision is what will be done with one thing of the PKI, and why. A list of them is what --dry-run prints and what
// Apply executes.
type Decision struct {
	Name string `json:"name"`
	Node string `json:"node"`
	// File is relative to the work directory.
	File   string `json:"file"`
	Action Action `json:"action"`
	Reason string `json:"reason"`
	// NewKey: a private key is made with it.
	NewKey bool `json:"newKey"`

	kind kind
	// at is when the decision was made.
	at time.Time
	// authority is the name of the authority that it is, is signed by, or is the bundle of.
	authority string
	request   Request
	window    window
	keepKey   bool
	// chain is a certificate that was brought, with what is served after it.
	chain []*x509.Certificate
}

// Changes reports whether the decision writes anything.
func (d Decision) Changes() bool { return d.Action != Keep }

// Request is the row of the catalogue, for decisions about leaves.
func (d Decision) Request() (Request, bool) { return d.request, d.request.Name != "" }

// Validity is from when until when something that is issued will be valid; zero for everything else.
func (d Decision) Validity() (notBefore, notAfter time.Time) {
	return d.window.NotBefore, d.window.NotAfter
}

// kind is which part of Apply executes a decision.
type kind int

const (
	kindAuthority kind = iota
	kindBundle
	kindServiceAccount
	kindPublicKey
	kindLeaf
	kindRequest
	kindBrought
)
