package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"hardway/pki"
)

// raw is the set as one writes it by hand: its width is how many certificates are made, and files written, at a time.
type raw struct {
	dir             string
	makers, writers int
	authorities     map[string]rawPair
}

type rawPair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// rawFile is a file to write, below the work directory.
type rawFile struct {
	path string
	data []byte
}

func rawOneByOne(ctx context.Context, dir string) (time.Duration, error) {
	return rawSet(ctx, &raw{dir: dir, makers: 1, writers: 1})
}

func rawSideBySide(ctx context.Context, dir string) (time.Duration, error) {
	return rawSet(ctx, &raw{dir: dir, makers: runtime.GOMAXPROCS(0), writers: 16})
}

func rawSet(ctx context.Context, r *raw) (time.Duration, error) {
	spec, err := workDir(r.dir, workers)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	files, err := r.begin()
	if err != nil {
		return 0, err
	}
	leaves, err := r.leaves(ctx, pki.Catalogue(spec))
	if err != nil {
		return 0, err
	}
	if err := r.write(append(files, leaves...)); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, sameSize(ctx, r.dir)
}

// begin is the authorities with their bundles, and the service-account pair.
func (r *raw) begin() (files []rawFile, err error) {
	r.authorities = map[string]rawPair{}
	for _, a := range pki.Authorities() {
		template := rawTemplate(a.CN, "", 10)
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		pair, made, err := rawIssue(template, rawPair{}, a.CertFile(), a.KeyFile())
		if err != nil {
			return nil, err
		}
		r.authorities[a.Name] = pair
		files = append(append(files, made...), rawFile{a.BundleFile(), made[0].data})
	}
	key, private, err := rawKey()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	return append(files, rawFile{pki.File(pki.ServiceAccountKey), private},
		rawFile{pki.File(pki.ServiceAccountPublic), encode("PUBLIC KEY", public)}), err
}

func (r *raw) leaves(ctx context.Context, requests []pki.Request) ([]rawFile, error) {
	made := make([][]rawFile, len(requests))
	var makers errgroup.Group
	makers.SetLimit(r.makers)
	for i, request := range requests {
		makers.Go(func() (err error) {
			_, made[i], err = rawIssue(rawLeaf(request), r.authorities[request.Authority], request.CertFile(), request.KeyFile())
			return errors.Join(err, ctx.Err())
		})
	}
	err := makers.Wait()
	var files []rawFile
	for _, m := range made {
		files = append(files, m...)
	}
	return files, err
}

func rawLeaf(r pki.Request) *x509.Certificate {
	usages := map[pki.Usage][]x509.ExtKeyUsage{
		pki.UsageClient: {x509.ExtKeyUsageClientAuth}, pki.UsageServer: {x509.ExtKeyUsageServerAuth},
		pki.UsagePeer: {x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	template := rawTemplate(r.CN, r.O, 1)
	template.KeyUsage, template.ExtKeyUsage, template.DNSNames = x509.KeyUsageDigitalSignature, usages[r.Usage], r.DNSNames
	for _, ip := range r.IPs {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	return template
}

func rawTemplate(commonName, organization string, years int) *x509.Certificate {
	subject := pkix.Name{CommonName: commonName}
	if organization != "" {
		subject.Organization = []string{organization}
	}
	now := time.Now()
	return &x509.Certificate{Subject: subject, NotBefore: now, NotAfter: now.AddDate(years, 0, 0), BasicConstraintsValid: true}
}

// rawIssue makes a pair and its two files; without an issuer it signs itself.
func rawIssue(template *x509.Certificate, by rawPair, certFile, keyFile string) (rawPair, []rawFile, error) {
	key, private, err := rawKey()
	if err != nil {
		return rawPair{}, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159)); err != nil {
		return rawPair{}, nil, err
	}
	if by.key == nil {
		by = rawPair{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return rawPair{}, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return rawPair{cert, key}, []rawFile{{certFile, encode("CERTIFICATE", der)}, {keyFile, private}}, err
}

func rawKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return key, encode("PRIVATE KEY", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// write makes every file durable: written beside its place, synced, renamed, its directory synced.
func (r *raw) write(files []rawFile) error {
	var writers errgroup.Group
	writers.SetLimit(r.writers)
	for _, f := range files {
		writers.Go(func() error { return writeDurably(filepath.Join(r.dir, f.path), f.data) })
	}
	return writers.Wait()
}

func writeDurably(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	beside := path + ".tmp"
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(beside, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
