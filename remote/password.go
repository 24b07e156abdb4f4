package remote

import (
	"errors"
	"fmt"
	"sync"
)

// passwords are those that sudo asks for: one for each user, whatever the number of hosts.
type passwords struct {
	// ask is nil where nobody can be asked.
	ask func(user, host string) ([]byte, error)

	mu    sync.Mutex
	users map[string]*password
}

// password is one user's.
type password struct {
	// proving is held while the first host says whether it is right: until then no other is given it. A typing error costs
	// one failed login in all, not one for each host, which may lock the account.
	proving sync.Mutex
	text    []byte
	// provenBy is the host that took it.
	provenBy string
	err      error
}

// prove has a host try the user's password, which is asked for when there is none yet. Try gives errRefused for a wrong one.
func (s *passwords) prove(user, host string, try func(*password) error) (*password, error) {
	p := s.of(user)
	p.proving.Lock()
	if p.provenBy == "" {
		defer p.proving.Unlock()
		if err := s.first(p, user, host, try); err != nil {
			return nil, sudoError(host, err)
		}
		return p, nil
	}
	by := p.provenBy
	p.proving.Unlock()
	err := try(p)
	if errors.Is(err, errRefused) {
		return nil, &HostError{
			Host: host, Message: fmt.Sprintf("sudo refused the password of %s that %s took", user, by),
			Hint: "hosts with another password want a run of their own: --only " + host, Err: err,
		}
	}
	return p, err
}

// sudoError names the host in an error that is the same for all.
func sudoError(host string, err error) error { return hostError(host, err) }

func (s *passwords) of(user string) *password {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == nil {
		s.users = map[string]*password{}
	}
	if s.users[user] == nil {
		s.users[user] = &password{}
	}
	return s.users[user]
}

// first asks and has the host prove the answer. What a person got wrong is not asked for again, and not offered elsewhere; a
// host that could not say leaves it to the next.
func (s *passwords) first(p *password, user, host string, try func(*password) error) error {
	if p.err == nil && p.text == nil {
		p.text, p.err = s.asked(user, host)
	}
	if p.err != nil {
		return p.err
	}
	err := try(p)
	switch {
	case err == nil:
		p.provenBy = host
	case errors.Is(err, errRefused):
		clear(p.text)
		p.err = &HostError{
			Message: fmt.Sprintf("sudo on %s refused the password of %s; no other host was given it", host, user),
			Hint:    "run it again with the right password", Err: err,
		}
		return p.err
	}
	return err
}

func (s *passwords) asked(user, host string) ([]byte, error) {
	if s.ask == nil {
		return nil, &HostError{
			Message: fmt.Sprintf("sudo there wants the password of %s, and there is nobody to ask", user),
			Hint: fmt.Sprintf("run from a terminal, or let %s use sudo without one: put `%s ALL=(root) NOPASSWD: ALL` into "+
				"/etc/sudoers.d/hardway on the host (sh, systemctl, systemd-sysusers, rm and sftp-server run as root, so a shorter list "+
				"would allow no less)", user, user),
		}
	}
	text, err := s.ask(user, host)
	if err != nil {
		return nil, &HostError{Message: fmt.Sprintf("failed to ask for the sudo password of %s: %v", user, err), Hint: "run it again from a terminal", Err: err}
	}
	if len(text) == 0 {
		return nil, &HostError{Message: fmt.Sprintf("no password was given for %s, and sudo wants one", user), Hint: "run it again and type it"}
	}
	return text, nil
}

// forget wipes all of them.
func (s *passwords) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.users {
		p.proving.Lock()
		clear(p.text)
		p.text, p.provenBy, p.err = nil, "", nil
		p.proving.Unlock()
	}
}
