package plan

import (
	"fmt"
	"path"
	"strings"

	"hardway/cluster"
	"hardway/pki"
)

// certificate is a key with its certificate, to be made by openssl.
type certificate struct {
	cert, key string
	algorithm cluster.Key
	subject   name
	days      int
	// authority signs it; nil signs itself.
	authority  *pki.AuthorityRow
	extensions []string
}

// name is a subject, its parts in the order in which they are written.
type name []part

type part struct{ kind, value string }

// String is the name as -subj reads it, where a slash begins the next part and a plus joins two.
func (n name) String() string {
	escape := strings.NewReplacer(`\`, `\\`, `/`, `\/`, `+`, `\+`)
	var b strings.Builder
	for _, p := range n {
		b.WriteString("/" + p.kind + "=" + escape.Replace(p.value))
	}
	return b.String()
}

// line makes the key, a signing request and from that the certificate. Where one of the two stands already no key is
// made: it would not be the certificate's.
func (c certificate) line() string {
	request := fmt.Sprintf("openssl req -new -utf8 -key %s -subj %s |", quote(c.key), quote(c.subject.String()))
	// 152 random bits: positive, and within the 20 bytes that RFC 5280 allows.
	sign := fmt.Sprintf(`openssl x509 -req -%s -days %d -set_serial "0x$(openssl rand -hex 19)" \`, digest(c.algorithm), c.days)
	extensions := make([]string, len(c.extensions))
	for i, e := range c.extensions {
		extensions[i] = quote(e)
	}
	return lines(
		"mkdir -p "+quote(path.Dir(c.cert)),
		unless(newKey(c.algorithm, c.key), c.key, c.cert),
		unless(lines(
			request,
			sign,
			"  "+c.signer()+" -out "+quote(c.cert)+" \\",
			`  -extfile <(printf '%s\n' \`,
			indent(strings.Join(extensions, " \\\n")+")", "    "),
		), c.cert))
}

func (c certificate) signer() string {
	if c.authority == nil {
		return "-signkey " + quote(c.key)
	}
	return "-CA " + quote(c.authority.CertFile()) + " -CAkey " + quote(c.authority.KeyFile())
}

// newKey makes a private key in PKCS #8, which every component reads.
func newKey(key cluster.Key, file string) string {
	kind := fmt.Sprintf("EC -pkeyopt ec_paramgen_curve:P-%d", key.Size)
	if key.Algorithm == "rsa" {
		kind = fmt.Sprintf("RSA -pkeyopt rsa_keygen_bits:%d", key.Size)
	}
	return "openssl genpkey -algorithm " + kind + " -out " + quote(file)
}

// digest goes with the strength of the signing key, as cfssl chooses it.
func digest(key cluster.Key) string {
	strength := map[cluster.Key]string{
		{Algorithm: "ecdsa", Size: 384}: "sha384", {Algorithm: "rsa", Size: 3072}: "sha384", {Algorithm: "rsa", Size: 4096}: "sha512",
	}
	if name, ok := strength[key]; ok {
		return name
	}
	return "sha256"
}
