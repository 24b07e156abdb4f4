package pki

import (
	"github.com/cloudflare/cfssl/config"

	"hardway/cluster"
)

// profileAuthority is the signing profile of the authorities themselves.
const profileAuthority = "authority"

// policy is the signing policy in cfssl's terms: one profile for authorities, one per usage of leaves.
func policy(pki cluster.PKI) *config.Signing {
	leaf := func(usages ...string) *config.SigningProfile {
		// keyEncipherment is what RSA key exchange needs; ECDSA keys only ever sign.
		if pki.Key.Algorithm == "rsa" {
			usages = append(usages, "key encipherment")
		}
		return &config.SigningProfile{Usage: append(usages, "digital signature"), Expiry: pki.Validity.Leaf.Duration}
	}
	return &config.Signing{
		Default: leaf("client auth"),
		Profiles: map[string]*config.SigningProfile{
			profileAuthority: {
				Usage:  []string{"cert sign", "crl sign", "digital signature"},
				Expiry: pki.Validity.CA.Duration,
				// Path length 0: an authority made here signs leaves, never another authority.
				CAConstraint: config.CAConstraint{IsCA: true, MaxPathLenZero: true},
			},
			string(UsageClient): leaf("client auth"),
			string(UsageServer): leaf("server auth"),
			string(UsagePeer):   leaf("server auth", "client auth"),
		},
	}
}
