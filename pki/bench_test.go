package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
)

// BenchmarkFullSet is `pki all` for three masters and three workers in process: planned, issued, synced to disk.
func BenchmarkFullSet(b *testing.B) { benchmarkSet(b, systemv()) }

// BenchmarkFullSetOf5000Workers is the same for a fleet. It reports the heap at its largest, sampled.
func BenchmarkFullSetOf5000Workers(b *testing.B) {
	spec := systemv()
	for i := range 5000 - 3 {
		address := cluster.OneOrMore{fmt.Sprintf("10.%d.%d.%d", 1+i/62500, i/250%250, i%250+1)}
		spec.Hosts = append(spec.Hosts, cluster.Node{Name: fmt.Sprintf("worker%d", i), Address: address, Roles: []cluster.Role{cluster.RoleWorker}})
	}
	peak := watchMemory()
	benchmarkSet(b, spec)
	b.ReportMetric(float64(peak())/(1<<20), "MB-peak")
}

// BenchmarkRerun is `pki all` with nothing to do.
func BenchmarkRerun(b *testing.B) {
	s := issued3(b)
	for b.Loop() {
		issueAll(b, s, noon)
	}
}

func benchmarkSet(b *testing.B, spec *cluster.Spec) {
	leaves := len(Catalogue(spec))
	root := b.TempDir()
	for i := 0; b.Loop(); i++ {
		s := Open(artifact.OpenWorkDir(workDirOf(b, root, i)), spec)
		issueAll(b, s, noon)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(leaves), "µs/leaf")
}

func workDirOf(b *testing.B, root string, i int) string {
	b.Helper()
	dir := filepath.Join(root, fmt.Sprint(i))
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkRawLoop is what one writes by hand in Go for the same set: one certificate after the other, no checks, each
// file written beside its place, synced, renamed, and its directory synced.
func BenchmarkRawLoop(b *testing.B) {
	requests := Catalogue(systemv())
	root := b.TempDir()
	for i := 0; b.Loop(); i++ {
		dir := workDirOf(b, root, i)
		if err := os.Mkdir(filepath.Join(dir, workDir), 0o700); err != nil {
			b.Fatal(err)
		}
		authorities := map[string]*Pair{}
		for _, row := range Authorities() {
			template := &x509.Certificate{SerialNumber: rawSerial(b), Subject: pkix.Name{CommonName: row.CN}, IsCA: true, BasicConstraintsValid: true,
				KeyUsage: x509.KeyUsageCertSign, NotBefore: noon, NotAfter: noon.Add(10 * year)}
			authorities[row.Name] = rawIssue(b, dir, row.CertFile(), row.KeyFile(), template, nil)
			rawWrite(b, filepath.Join(dir, row.BundleFile()), encodeCertificates(authorities[row.Name].Cert()))
		}
		for _, r := range requests {
			template := &x509.Certificate{SerialNumber: rawSerial(b), Subject: subject(r), DNSNames: r.DNSNames, IPAddresses: netIPs(r.IPs),
				KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: r.Usage.extKeyUsages(), NotBefore: noon, NotAfter: noon.Add(year)}
			rawIssue(b, dir, r.CertFile(), r.KeyFile(), template, authorities[r.Authority])
		}
		account, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		public, err := encodePublicKey(account.Public())
		if err != nil {
			b.Fatal(err)
		}
		rawWrite(b, filepath.Join(dir, File(ServiceAccountKey)), keyPEM(b, account))
		rawWrite(b, filepath.Join(dir, File(ServiceAccountPublic)), public)
	}
}

func rawSerial(b *testing.B) *big.Int {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		b.Fatal(err)
	}
	return serial
}

func rawIssue(b *testing.B, dir, certFile, keyFile string, template *x509.Certificate, by *Pair) *Pair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Cert(), by.Key.(*ecdsa.PrivateKey)
	}
	cert := signTemplate(b, template, parent, key.Public(), signer)
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, certFile)), 0o700); err != nil {
		b.Fatal(err)
	}
	rawWrite(b, filepath.Join(dir, certFile), encodeCertificates(cert))
	rawWrite(b, filepath.Join(dir, keyFile), keyPEM(b, key))
	return &Pair{Chain: []*x509.Certificate{cert}, Key: key}
}

func rawWrite(b *testing.B, path string, data []byte) {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		b.Fatal(err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		b.Fatal(err)
	}
}

// watchMemory samples how much memory the runtime holds until the returned function is called, which gives the most.
func watchMemory() func() uint64 {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.Sys-m.HeapReleased)
			case <-stop:
				tick.Stop()
				most <- peak
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}
