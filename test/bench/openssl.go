package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"hardway/pki"
)

// openssl issues the set with openssl in a shell loop: key, request and certificate are a command each.
func openssl(ctx context.Context, dir string) (time.Duration, error) {
	spec, err := workDir(dir, workers)
	if err != nil {
		return 0, err
	}
	script := script{dir: dir}
	for _, a := range pki.Authorities() {
		script.add("openssl ecparam -name prime256v1 -genkey -noout -out %s.key", a.Base)
		script.add("openssl req -x509 -new -key %s.key -subj /CN=%s -days 3650 -out %s.crt", a.Base, a.CN, a.Base)
	}
	for _, r := range pki.Catalogue(spec) {
		name, ca := flat(r), base(r.Authority)
		script.write(name+".cnf", opensslExtensions(r))
		script.add("openssl ecparam -name prime256v1 -genkey -noout -out %s.key", name)
		script.add("openssl req -new -key %s.key -subj '%s' -out %s.csr", name, opensslSubject(r), name)
		script.add("openssl x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -days 365 -extfile %s.cnf -out %s.crt", name, ca, ca, name, name)
	}
	return script.run(ctx, "*.crt", len(pki.Authorities())+len(pki.Catalogue(spec)))
}

func opensslSubject(r pki.Request) string {
	subject := "/CN=" + r.CN
	if r.O != "" {
		subject = "/O=" + r.O + subject
	}
	return subject
}

func opensslExtensions(r pki.Request) []byte {
	usages := map[pki.Usage]string{pki.UsageClient: "clientAuth", pki.UsageServer: "serverAuth", pki.UsagePeer: "serverAuth,clientAuth"}
	text := fmt.Sprintf("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n", usages[r.Usage])
	var names []string
	for _, san := range r.SANs() {
		kind := "DNS"
		if _, err := netip.ParseAddr(san); err == nil {
			kind = "IP"
		}
		names = append(names, kind+":"+san)
	}
	if len(names) > 0 {
		text += "subjectAltName=" + strings.Join(names, ",") + "\n"
	}
	return []byte(text)
}
