package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/crypto/ssh"
)

// certified puts the certificates of users before the keys they are for. Those that the agent holds are among its keys
// already.
func (k *keyring) certified(i identities, o *offer) ([]ssh.Signer, error) {
	var before []ssh.Signer
	files := i.certificates
	for _, file := range i.files {
		files = append(files[:len(files):len(files)], file+"-cert.pub")
	}
	for _, file := range files {
		certificate, err := readCertificate(k.path(file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &HostError{Message: fmt.Sprintf("failed to read the certificate %s: %v", file, err), Hint: "it must be a user's certificate, as ssh-keygen -s makes them", Err: err}
		}
		signer := o.holdsIn(o.signers, certificate.Key)
		if signer == nil {
			continue
		}
		if signer, err = ssh.NewCertSigner(certificate, signer); err != nil {
			return nil, err
		}
		before = append(before, signer)
	}
	return append(before, o.signers...), nil
}

func readCertificate(path string) (*ssh.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil, err
	}
	certificate, ok := key.(*ssh.Certificate)
	if !ok {
		return nil, errors.New("it is a key without a certificate")
	}
	return certificate, nil
}
