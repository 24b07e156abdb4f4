package cluster

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func checkBinaries(r *review) {
	dir := r.spec.Binaries.Dir
	clean := path.Clean(dir)
	top, _, _ := strings.Cut(clean, "/")
	ours := slices.Contains([]string{"pki", "hosts", "kubeconfig", "manifests"}, top)
	if ours || clean == "." || clean == ".." || clean == "/" || strings.ContainsFunc(dir, unicode.IsControl) {
		r.report("spec.binaries.dir", "write a directory of its own, as in bin or /srv/binaries", "%q is no directory that can hold the binaries alone", short(dir))
	}
	r.mirror("spec.binaries.mirror", r.spec.Binaries.Mirror, "dl.k8s.io")
	r.mirror("spec.binaries.githubMirror", r.spec.Binaries.GitHubMirror, "github.com")
	r.oneOf("spec.binaries.arch", r.spec.Binaries.Arch, []string{"amd64", "arm64"})
	r.version("spec.binaries.cniVersion", r.spec.Binaries.CNIVersion, "v1.9.1", cniSeries())
}

func (r *review) mirror(path, text, of string) {
	mirror, err := url.Parse(text)
	if err != nil || mirror.Host == "" || mirror.Scheme != "https" && mirror.Scheme != "http" {
		r.report(path, fmt.Sprintf("write where %s or a mirror of it is, as in https://%s", of, of), "%q is no http or https URL", short(text))
	}
}

// statsName is what stands in HAProxy's userlist without quoting.
var statsName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func checkStats(r *review) {
	const path = "spec.loadBalancer.statsListen"
	host, port, err := net.SplitHostPort(r.spec.LoadBalancer.StatsListen)
	number, notNumber := strconv.Atoi(port)
	if _, ok := address(host); err != nil || notNumber != nil || !ok {
		r.report(path, "write address:port, as in 127.0.0.1:9000 or [::1]:9000", "%q is no address and port", short(r.spec.LoadBalancer.StatsListen))
	} else {
		r.port(path, number)
		if number == r.spec.Endpoint.Port && len(r.spec.With(RoleLoadBalancer)) > 0 {
			r.report(path, "write another port, as in 127.0.0.1:9000", "port %d is the endpoint's own on the load balancer", number)
		}
	}
	if user := r.spec.LoadBalancer.StatsUser; !statsName.MatchString(user) {
		r.report("spec.loadBalancer.statsUser", "use letters, digits, dots, dashes and underscores, as in admin", "%q is no user for HAProxy", short(user))
	}
}

// checkVirtualIP: an address that moves between the balancers, and is no host's own.
func checkVirtualIP(r *review) {
	const path = "spec.loadBalancer.virtualIP"
	text := r.spec.LoadBalancer.VirtualIP
	if text == "" {
		return
	}
	addr, ok := address(text)
	if !ok {
		r.report(path, "write an IP address, as in 192.168.96.5", "%q is no IP address", short(text))
		return
	}
	if why := undialable(addr); why != "" {
		r.report(path, "write the address that every node reaches the API by", "%s %s", text, why)
	}
	if n, taken := r.spec.hostCalled(text); taken {
		r.report(path, "choose an address that no host has: it moves between the balancers", "%s is the host %s", text, n.Name)
	}
	if len(r.spec.With(RoleLoadBalancer)) == 0 {
		r.report(path, "give a host the role load-balancer, or remove virtualIP", "is given, but no host is a load balancer")
	}
	r.outsideRanges(path, addr)
	r.familyOf(path, addr)
}

// checkChoices is every field that takes one of a few words.
func checkChoices(r *review) {
	w := r.spec.Worker
	rows := []struct {
		path, value string
		choices     []string
	}{
		{"spec.worker.cni", w.CNI, []string{"bridge", "none"}},
		{"spec.worker.kubeProxyMode", w.KubeProxyMode, []string{"nftables", "iptables", "ipvs"}},
		{"spec.worker.cgroupDriver", w.CgroupDriver, []string{"systemd", "cgroupfs"}},
		{"spec.worker.bootstrap", w.Bootstrap, []string{"certificates", bootstrapToken}},
	}
	for _, row := range rows {
		r.oneOf(row.path, row.value, row.choices)
	}
}

func checkRollout(r *review) {
	r.positive("spec.rollout.gateTimeout", r.spec.Rollout.GateTimeout, "2m")
}
